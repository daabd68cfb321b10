-- +goose NO TRANSACTION
-- +goose Up
-- oldest server: 3
-- What would keep requests waiting in a transaction. Each statement works again after a migration that failed halfway.

ALTER TABLE mails VALIDATE CONSTRAINT mails_user_id_fkey;
ALTER TABLE links VALIDATE CONSTRAINT links_kind_check;
DROP INDEX CONCURRENTLY IF EXISTS mails_user_id_idx;
CREATE INDEX CONCURRENTLY mails_user_id_idx ON mails (user_id) WHERE user_id IS NOT NULL;
UPDATE users u SET recordless = true WHERE u.recordless IS NULL
    AND NOT EXISTS (SELECT FROM clients r WHERE r.user_id = u.id)
    AND NOT EXISTS (SELECT FROM employees r WHERE r.user_id = u.id)
    AND NOT EXISTS (SELECT FROM liaisons r WHERE r.user_id = u.id);

-- The lists of administration: each order, each filter that few rows match, and each text that is searched for.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
-- Text in lower case, also beyond ASCII whatever the locale of the database, if Postgres was built with ICU.
-- +goose StatementBegin
DO $$
DECLARE
    folding text := '';
BEGIN
    IF EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') THEN
        folding := ' COLLATE "und-x-icu"';
    END IF;
    EXECUTE format('CREATE OR REPLACE FUNCTION search_text(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS %L', 'SELECT lower($1' || folding || ')');
END $$;
-- +goose StatementEnd
DROP INDEX CONCURRENTLY IF EXISTS users_created_at_idx;
CREATE INDEX CONCURRENTLY users_created_at_idx ON users (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS users_unverified_idx;
CREATE INDEX CONCURRENTLY users_unverified_idx ON users (created_at, id) WHERE email_verified_at IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS users_no_password_idx;
CREATE INDEX CONCURRENTLY users_no_password_idx ON users (created_at, id) WHERE password_hash IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS users_recordless_idx;
CREATE INDEX CONCURRENTLY users_recordless_idx ON users (created_at, id) WHERE recordless;
DROP INDEX CONCURRENTLY IF EXISTS users_google_linked_idx;
CREATE INDEX CONCURRENTLY users_google_linked_idx ON users (created_at, id) WHERE google_subject IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS users_email_trgm_idx;
CREATE INDEX CONCURRENTLY users_email_trgm_idx ON users USING gin (lower(email COLLATE "C") gin_trgm_ops);
DROP INDEX CONCURRENTLY IF EXISTS users_name_trgm_idx;
CREATE INDEX CONCURRENTLY users_name_trgm_idx ON users USING gin (search_text(first_name || ' ' || last_name) gin_trgm_ops);
DROP INDEX CONCURRENTLY IF EXISTS users_phone_trgm_idx;
CREATE INDEX CONCURRENTLY users_phone_trgm_idx ON users USING gin (phone gin_trgm_ops);
DROP INDEX CONCURRENTLY IF EXISTS clients_created_at_idx;
CREATE INDEX CONCURRENTLY clients_created_at_idx ON clients (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS clients_inactive_idx;
CREATE INDEX CONCURRENTLY clients_inactive_idx ON clients (created_at, id) WHERE NOT active;
DROP INDEX CONCURRENTLY IF EXISTS clients_enterprise_idx;
CREATE INDEX CONCURRENTLY clients_enterprise_idx ON clients (created_at, id) WHERE enterprise;
DROP INDEX CONCURRENTLY IF EXISTS clients_company_unconfirmed_idx;
CREATE INDEX CONCURRENTLY clients_company_unconfirmed_idx ON clients (created_at, id, enterprise)
    WHERE company_id IS NOT NULL AND NOT company_confirmed;
DROP INDEX CONCURRENTLY IF EXISTS clients_company_id_idx;
CREATE INDEX CONCURRENTLY clients_company_id_idx ON clients (company_id) WHERE company_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS clients_company_name_trgm_idx;
CREATE INDEX CONCURRENTLY clients_company_name_trgm_idx ON clients USING gin (search_text(company_name) gin_trgm_ops);
DROP INDEX CONCURRENTLY IF EXISTS employees_created_at_idx;
CREATE INDEX CONCURRENTLY employees_created_at_idx ON employees (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS liaisons_created_at_idx;
CREATE INDEX CONCURRENTLY liaisons_created_at_idx ON liaisons (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS companies_name_idx;
CREATE INDEX CONCURRENTLY companies_name_idx ON companies (name, id);
DROP INDEX CONCURRENTLY IF EXISTS companies_created_at_idx;
CREATE INDEX CONCURRENTLY companies_created_at_idx ON companies (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS companies_name_trgm_idx;
CREATE INDEX CONCURRENTLY companies_name_trgm_idx ON companies USING gin (search_text(name) gin_trgm_ops);
