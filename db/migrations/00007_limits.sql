-- +goose NO TRANSACTION
-- +goose Up
-- oldest server: 3
-- Indexes are built without a lock that stops requests, which is impossible in a transaction. So each statement works
-- again after a migration that failed halfway.

-- The network of each attempt, a digest in the order of times. It is positive if the attempt counts for all networks
-- together, negative if it counts for its own network only.
ALTER TABLE tries ADD COLUMN IF NOT EXISTS networks bigint[] NOT NULL DEFAULT '{}';
-- Whether no user has the mailbox. Of such rows only the newest are kept.
ALTER TABLE tries ADD COLUMN IF NOT EXISTS unknown boolean NOT NULL DEFAULT false;
DROP INDEX CONCURRENTLY IF EXISTS tries_unknown_idx;
CREATE INDEX CONCURRENTLY tries_unknown_idx ON tries (last_at) WHERE unknown;

-- A user has up to three links of each kind in each application. The server before this one knows slot 0 alone and
-- the name of the constraint.
ALTER TABLE links ADD COLUMN IF NOT EXISTS slot smallint NOT NULL DEFAULT 0;
-- Whether the link was requested from an address that the user had signed in from.
ALTER TABLE links ADD COLUMN IF NOT EXISTS known_address boolean NOT NULL DEFAULT false;
DROP INDEX CONCURRENTLY IF EXISTS links_slot_idx;
CREATE UNIQUE INDEX CONCURRENTLY links_slot_idx ON links (user_id, kind, application_id, slot);
ALTER TABLE links DROP CONSTRAINT IF EXISTS links_user_kind_key,
    ADD CONSTRAINT links_user_kind_key UNIQUE USING INDEX links_slot_idx;

-- How many failures a notification stands for.
ALTER TABLE notifications ADD COLUMN IF NOT EXISTS count bigint NOT NULL DEFAULT 1;
DROP INDEX CONCURRENTLY IF EXISTS notifications_created_at_idx;
CREATE INDEX CONCURRENTLY notifications_created_at_idx ON notifications (created_at);
