-- +goose Up

-- Replicas cache the sessions that they have checked. These triggers notify them of the users whose cached sessions
-- may be wrong after a change.
--
-- NOTIFY makes commits wait for each other, so changes that no session check depends on send none: a later
-- last_used_at, columns that a check does not read, and a record that is inserted together with its user, who has no
-- session yet.
--
-- The plans of a function are cached. Nested loops are disabled because a plan for one row is reused for many, and
-- sequential scans because a plan for a small table is reused for a large one.
-- +goose StatementBegin
CREATE FUNCTION notify_users() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off SET enable_seqscan = off AS $$
DECLARE
    ids bigint[];
BEGIN
    CASE
        WHEN TG_OP = 'TRUNCATE' THEN
            PERFORM pg_notify('planoauth_users', '*');
        WHEN TG_TABLE_NAME = 'users' THEN
            SELECT array_agg(id) INTO ids FROM before b JOIN after a USING (id)
            WHERE (b.email, b.email_verified_at, b.remember_me) IS DISTINCT FROM (a.email, a.email_verified_at, a.remember_me);
        WHEN TG_TABLE_NAME = 'sessions' AND TG_OP = 'UPDATE' THEN
            SELECT array_agg(b.user_id) || array_agg(a.user_id) INTO ids FROM before b LEFT JOIN after a USING (id)
            WHERE a.last_used_at IS NULL OR a.last_used_at < b.last_used_at
            OR (b.user_id, b.application_id, b.token_digest, b.method, b.redirect_url, b.ip, b.user_agent, b.created_at) IS DISTINCT FROM
               (a.user_id, a.application_id, a.token_digest, a.method, a.redirect_url, a.ip, a.user_agent, a.created_at);
        WHEN TG_OP = 'INSERT' THEN
            SELECT array_agg(user_id) INTO ids FROM after a
            WHERE (SELECT u.xmin FROM users u WHERE u.id = a.user_id) <> pg_current_xact_id()::xid
            OR (SELECT s.id FROM sessions s WHERE s.user_id = a.user_id LIMIT 1) IS NOT NULL;
        WHEN TG_OP = 'DELETE' THEN
            SELECT array_agg(user_id) INTO ids FROM before;
        ELSE
            SELECT array_agg(user_id) INTO ids FROM (SELECT user_id FROM before UNION SELECT user_id FROM after) AS changed;
    END CASE;
    IF cardinality(ids) > 5000 THEN
        PERFORM pg_notify('planoauth_users', '*');
    ELSE -- a payload is limited to 8,000 bytes
        PERFORM pg_notify('planoauth_users', string_agg(id::text, ','))
        FROM (SELECT id, row_number() OVER () / 300 AS part FROM (SELECT DISTINCT unnest(ids) AS id) AS each) AS parts
        WHERE id IS NOT NULL GROUP BY part;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER users_changed AFTER UPDATE ON users
    REFERENCING OLD TABLE AS before NEW TABLE AS after EXECUTE FUNCTION notify_users();
CREATE TRIGGER sessions_changed AFTER UPDATE ON sessions
    REFERENCING OLD TABLE AS before NEW TABLE AS after EXECUTE FUNCTION notify_users();
CREATE TRIGGER sessions_deleted AFTER DELETE ON sessions REFERENCING OLD TABLE AS before EXECUTE FUNCTION notify_users();
CREATE TRIGGER sessions_truncated AFTER TRUNCATE ON sessions EXECUTE FUNCTION notify_users();

-- +goose StatementBegin
DO $$
DECLARE
    records text;
BEGIN
    FOREACH records IN ARRAY ARRAY['clients', 'employees', 'liaisons'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_made AFTER INSERT ON %1$s
            REFERENCING NEW TABLE AS after EXECUTE FUNCTION notify_users()', records);
        EXECUTE format('CREATE TRIGGER %1$s_changed AFTER UPDATE ON %1$s
            REFERENCING OLD TABLE AS before NEW TABLE AS after EXECUTE FUNCTION notify_users()', records);
        EXECUTE format('CREATE TRIGGER %1$s_deleted AFTER DELETE ON %1$s
            REFERENCING OLD TABLE AS before EXECUTE FUNCTION notify_users()', records);
        EXECUTE format('CREATE TRIGGER %1$s_truncated AFTER TRUNCATE ON %1$s EXECUTE FUNCTION notify_users()', records);
    END LOOP;
END $$;
-- +goose StatementEnd
