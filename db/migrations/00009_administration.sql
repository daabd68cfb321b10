-- +goose Up
-- oldest server: 3

-- What an employee may do by administrative operations. Each value includes those before it.
ALTER TABLE employees ADD COLUMN access text NOT NULL DEFAULT 'none'
    CONSTRAINT employees_access_check CHECK (access IN ('none', 'viewer', 'support', 'admin'));
-- A suspended user cannot sign in.
ALTER TABLE users ADD COLUMN suspended boolean NOT NULL DEFAULT false;

-- Whether a user has no record. NULL, as for users from before this migration until 00010 has looked, is false. Triggers
-- keep it for rows that are not made together. They run after the triggers that notify session caches, by the order of
-- their names, since those ask whether the transaction has made the row of the user.
--
-- The statements are planned at each call: a cached plan that was made for small tables is quadratic for many rows.
ALTER TABLE users ADD COLUMN recordless boolean;
ALTER TABLE users ALTER COLUMN recordless SET DEFAULT true;
-- +goose StatementBegin
CREATE FUNCTION keep_recordless() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    changed bigint[]; -- users with a new record, or without one that they had
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(user_id) INTO changed FROM (SELECT user_id FROM before EXCEPT SELECT user_id FROM after) AS lost;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(user_id) INTO changed FROM before;
    END IF;
    IF changed IS NOT NULL THEN
        UPDATE users u SET recordless = true WHERE u.id = ANY (changed) AND u.recordless IS NOT TRUE
        AND NOT EXISTS (SELECT FROM clients r WHERE r.user_id = u.id)
        AND NOT EXISTS (SELECT FROM employees r WHERE r.user_id = u.id)
        AND NOT EXISTS (SELECT FROM liaisons r WHERE r.user_id = u.id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(user_id) INTO changed FROM after;
        UPDATE users u SET recordless = false WHERE u.id = ANY (changed) AND u.recordless;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
DECLARE
    records text;
BEGIN
    FOREACH records IN ARRAY ARRAY['clients', 'employees', 'liaisons'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_recordless_made AFTER INSERT ON %1$s
            REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION keep_recordless()', records);
        EXECUTE format('CREATE TRIGGER %1$s_recordless_changed AFTER UPDATE ON %1$s
            REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION keep_recordless()', records);
        EXECUTE format('CREATE TRIGGER %1$s_recordless_deleted AFTER DELETE ON %1$s
            REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION keep_recordless()', records);
    END LOOP;
END $$;
-- +goose StatementEnd

ALTER TABLE companies ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE applications ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
-- How the application looks: a colour such as #3366cc, a PNG or WebP, and where users get help. Empty for none.
-- Servers keep a copy of all but the logo, which they know by its digest.
ALTER TABLE applications ADD COLUMN accent_color text NOT NULL DEFAULT '',
    ADD COLUMN logo bytea CONSTRAINT applications_logo_check CHECK (octet_length(logo) <= 32768),
    ADD COLUMN logo_digest text, -- set by a trigger; NULL without a logo
    ADD COLUMN support_url text NOT NULL DEFAULT '';
-- +goose StatementBegin
CREATE FUNCTION digest_logo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.logo_digest := encode(sha256(NEW.logo), 'hex');
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER applications_logo BEFORE INSERT OR UPDATE OF logo, logo_digest ON applications
    FOR EACH ROW EXECUTE FUNCTION digest_logo();
ALTER TABLE application_tokens ADD COLUMN last_used_at timestamptz;
-- A use of a token changes nothing that servers keep a copy of.
DROP TRIGGER application_tokens_changed ON application_tokens;
CREATE TRIGGER application_tokens_changed AFTER INSERT OR UPDATE OF id, application_id, token_digest OR DELETE OR TRUNCATE
    ON application_tokens EXECUTE FUNCTION notify_registry();

-- The user that a mail went to. It is NULL for mails from before this migration, and for the mail about a deletion.
ALTER TABLE mails ADD COLUMN user_id bigint;
ALTER TABLE mails ADD CONSTRAINT mails_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT VALID;

-- Who acknowledged a notification stays on record when the user is deleted, by the id alone.
ALTER TABLE notifications DROP CONSTRAINT notifications_acknowledged_by_fkey;

-- Links for which the first three kinds are too few. The address is the one that a change leads to: the new one, or for
-- email_change_undo the old one. An administrator's link needs no session.
ALTER TABLE links DROP CONSTRAINT links_kind_check, ADD CONSTRAINT links_kind_check
    CHECK (kind IN ('magic', 'reset', 'verification', 'invitation', 'email_change', 'email_change_undo', 'handed_over')) NOT VALID;
ALTER TABLE links ADD COLUMN email text NOT NULL DEFAULT '',
    ADD COLUMN by_admin boolean NOT NULL DEFAULT false,
    ADD COLUMN email_verified boolean NOT NULL DEFAULT false; -- of email_change_undo: whether the old address was verified
-- What a link of the kind handed_over keeps of its session, and the S256 challenge of the verifier that it needs.
ALTER TABLE links ADD COLUMN challenge text NOT NULL DEFAULT '',
    ADD COLUMN session_created_at timestamptz,
    ADD COLUMN session_method text NOT NULL DEFAULT '';

-- Who did what. Rows refer to users and applications by their ids, without foreign keys: they outlive them.
CREATE TABLE audit_events (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL,
    operation text NOT NULL, -- an operationId, or a verb of the command
    status text NOT NULL, -- the slug; of the command, action-successful
    actor_id bigint, -- the user who did it, NULL for somebody who is not signed in
    actor_application text NOT NULL DEFAULT '', -- the slug of the application whose token did it
    command boolean NOT NULL DEFAULT false, -- whether the command did it
    subject_id bigint, -- the user it was about
    application text NOT NULL DEFAULT '', -- the slug of the application that it was about
    request_id text NOT NULL DEFAULT '',
    ip text NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    changed text[] NOT NULL DEFAULT '{}', -- names of params, never their values
    count bigint NOT NULL DEFAULT 1, -- how many requests it stands for
    administration boolean NOT NULL DEFAULT false -- whether the operation is an administrative one
);
-- Each param and filter of audit_events/index finds its first page by one of these. A sign-in is in five of them: rows
-- that succeeded are in no index of refusals, and the user who acted for themselves is in one index only. Of refusals,
-- the last columns are checked without reading the row.
CREATE INDEX audit_events_created_at_idx ON audit_events (created_at, id);
CREATE INDEX audit_events_operation_idx ON audit_events (operation, created_at, id);
CREATE INDEX audit_events_subject_id_idx ON audit_events (subject_id, created_at, id) WHERE subject_id IS NOT NULL;
CREATE INDEX audit_events_actor_id_idx ON audit_events (actor_id, created_at, id)
    WHERE actor_id IS NOT NULL AND actor_id IS DISTINCT FROM subject_id;
CREATE INDEX audit_events_request_id_idx ON audit_events (request_id COLLATE "C") WHERE request_id <> '';
CREATE INDEX audit_events_refused_idx ON audit_events (created_at, id, operation, administration) WHERE status <> 'action-successful';
CREATE INDEX audit_events_status_idx ON audit_events (status, created_at, id, operation, administration) WHERE status <> 'action-successful';
CREATE INDEX audit_events_administration_idx ON audit_events (created_at, id) WHERE administration;

-- The rows of audit_events stay as they are. The only ways around that are the two functions below, which say so by
-- planoauth.audit. This protects against mistakes in the server and by hand, and makes a deletion impossible to miss
-- in the code. It does not protect against somebody who sets planoauth.audit themselves, or disables the triggers, as the
-- owner of the table may.
-- +goose StatementBegin
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_LEVEL = 'STATEMENT' AND (TG_OP, current_setting('planoauth.audit', true)) IN (('DELETE', 'clean-up'), ('UPDATE', 'forget')) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'audit_events can only be added to' USING ERRCODE = 'restrict_violation',
        HINT = 'Old ones are deleted after AUDIT_DAYS.';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_events_keep_columns BEFORE UPDATE ON audit_events FOR EACH ROW
    WHEN (NEW.ip <> '' OR NEW.user_agent <> '' OR
        (NEW.id, NEW.created_at, NEW.operation, NEW.status, NEW.actor_id, NEW.actor_application, NEW.command, NEW.subject_id,
            NEW.application, NEW.request_id, NEW.changed, NEW.count, NEW.administration) IS DISTINCT FROM
        (OLD.id, OLD.created_at, OLD.operation, OLD.status, OLD.actor_id, OLD.actor_application, OLD.command, OLD.subject_id,
            OLD.application, OLD.request_id, OLD.changed, OLD.count, OLD.administration))
    EXECUTE FUNCTION refuse_audit_change();

-- Deletes the oldest events up to a time, and returns how many. Locked ones are left to the next call.
-- +goose StatementBegin
CREATE FUNCTION clean_up_audit_events(up_to timestamptz, most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    deleted bigint;
BEGIN
    PERFORM set_config('planoauth.audit', 'clean-up', true);
    DELETE FROM audit_events WHERE id IN (
        SELECT id FROM audit_events WHERE created_at <= up_to ORDER BY created_at, id LIMIT most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    PERFORM set_config('planoauth.audit', '', true);
    RETURN deleted;
END $$;
-- +goose StatementEnd

-- Takes the address and the browser out of the events of a person who is deleted.
-- +goose StatementBegin
CREATE FUNCTION forget_in_audit_events(person bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('planoauth.audit', 'forget', true);
    UPDATE audit_events SET ip = '', user_agent = ''
    WHERE (subject_id = person OR (actor_id = person AND actor_id IS NOT NULL AND actor_id IS DISTINCT FROM subject_id))
    AND (ip <> '' OR user_agent <> '');
    PERFORM set_config('planoauth.audit', '', true);
END $$;
-- +goose StatementEnd

-- The triggers of sessions know the column users.suspended.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notify_users() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off SET enable_seqscan = off AS $$
DECLARE
    ids bigint[];
BEGIN
    CASE
        WHEN TG_OP = 'TRUNCATE' THEN
            PERFORM pg_notify('planoauth_users', '*');
        WHEN TG_TABLE_NAME = 'users' THEN
            SELECT array_agg(id) INTO ids FROM before b JOIN after a USING (id)
            WHERE (b.email, b.email_verified_at, b.remember_me, b.suspended) IS DISTINCT FROM (a.email, a.email_verified_at, a.remember_me, a.suspended);
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
