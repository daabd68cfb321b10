-- +goose Up
-- oldest server: 3

-- The language of mails to a user, NULL where none is known. The check is not made for the rows there are, which would take
-- long under the lock: they are all NULL.
ALTER TABLE users ADD COLUMN locale text,
    ADD CONSTRAINT users_locale_check CHECK (locale IN ('en', 'es')) NOT VALID;
