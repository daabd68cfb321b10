-- +goose NO TRANSACTION
-- +goose Up
-- oldest server: 3
-- What would keep requests waiting in a transaction. Each statement works again after a migration that failed halfway.

ALTER TABLE mails VALIDATE CONSTRAINT mails_user_id_fkey;
ALTER TABLE links VALIDATE CONSTRAINT links_kind_check;
DROP INDEX CONCURRENTLY IF EXISTS mails_user_id_idx;
CREATE INDEX CONCURRENTLY mails_user_id_idx ON mails (user_id) WHERE user_id IS NOT NULL;
-- Lists of clients begin with the newest.
DROP INDEX CONCURRENTLY IF EXISTS clients_created_at_idx;
CREATE INDEX CONCURRENTLY clients_created_at_idx ON clients (created_at, id);
