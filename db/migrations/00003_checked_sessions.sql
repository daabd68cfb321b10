-- +goose Up

-- Replicas keep the sessions that they have checked, and forget those of a user when they hear of a change. A later last_used_at
-- is none, nor is what no check looks at; and a record of a user who has no session concerns nobody: NOTIFY makes commits wait
-- for each other, and registration shall not.
-- +goose StatementBegin
CREATE FUNCTION notify_users() RETURNS trigger LANGUAGE plpgsql AS $$
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
            SELECT array_agg(user_id) INTO ids FROM after WHERE EXISTS (SELECT FROM sessions s WHERE s.user_id = after.user_id);
        WHEN TG_OP = 'DELETE' THEN
            SELECT array_agg(user_id) INTO ids FROM before;
        ELSE
            SELECT array_agg(user_id) INTO ids FROM (SELECT user_id FROM before UNION SELECT user_id FROM after) AS changed;
    END CASE;
    IF cardinality(ids) > 5000 THEN
        PERFORM pg_notify('planoauth_users', '*');
    ELSE -- a payload has less than 8,000 bytes
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

CREATE TRIGGER clients_made AFTER INSERT ON clients REFERENCING NEW TABLE AS after EXECUTE FUNCTION notify_users();
CREATE TRIGGER clients_changed AFTER UPDATE ON clients
    REFERENCING OLD TABLE AS before NEW TABLE AS after EXECUTE FUNCTION notify_users();
CREATE TRIGGER clients_deleted AFTER DELETE ON clients REFERENCING OLD TABLE AS before EXECUTE FUNCTION notify_users();
CREATE TRIGGER clients_truncated AFTER TRUNCATE ON clients EXECUTE FUNCTION notify_users();

CREATE TRIGGER employees_made AFTER INSERT ON employees REFERENCING NEW TABLE AS after EXECUTE FUNCTION notify_users();
CREATE TRIGGER employees_changed AFTER UPDATE ON employees
    REFERENCING OLD TABLE AS before NEW TABLE AS after EXECUTE FUNCTION notify_users();
CREATE TRIGGER employees_deleted AFTER DELETE ON employees REFERENCING OLD TABLE AS before EXECUTE FUNCTION notify_users();
CREATE TRIGGER employees_truncated AFTER TRUNCATE ON employees EXECUTE FUNCTION notify_users();

CREATE TRIGGER liaisons_made AFTER INSERT ON liaisons REFERENCING NEW TABLE AS after EXECUTE FUNCTION notify_users();
CREATE TRIGGER liaisons_changed AFTER UPDATE ON liaisons
    REFERENCING OLD TABLE AS before NEW TABLE AS after EXECUTE FUNCTION notify_users();
CREATE TRIGGER liaisons_deleted AFTER DELETE ON liaisons REFERENCING OLD TABLE AS before EXECUTE FUNCTION notify_users();
CREATE TRIGGER liaisons_truncated AFTER TRUNCATE ON liaisons EXECUTE FUNCTION notify_users();
