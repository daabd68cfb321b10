-- +goose Up
-- oldest server: 3

-- The attempt that is sending a mail, and until when it may be trusted to live. A living attempt renews this.
ALTER TABLE mails ADD COLUMN claim text, ADD COLUMN claimed_until timestamptz;
