-- +goose NO TRANSACTION
-- +goose Up
-- oldest server: 3
-- Upper and lower case of ASCII letters only, whatever the locale of the database: in Turkish, lower('I') is not 'i'.
-- The index users_email_key, of the database's own lower(), stays for servers from before this migration.

DROP INDEX CONCURRENTLY IF EXISTS users_email_c_key; -- an attempt that did not end
CREATE UNIQUE INDEX CONCURRENTLY users_email_c_key ON users (lower(email COLLATE "C"));
