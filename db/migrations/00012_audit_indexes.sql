-- +goose NO TRANSACTION
-- +goose Up
-- oldest server: 3
-- The order of audit_events by time is their primary key, so that a sign-in, which adds a row, is in one index less. Each
-- statement works again after a migration that failed halfway.

DROP INDEX CONCURRENTLY IF EXISTS audit_events_order;
CREATE UNIQUE INDEX CONCURRENTLY audit_events_order ON audit_events (created_at, id);
ALTER TABLE audit_events DROP CONSTRAINT IF EXISTS audit_events_pkey, ADD CONSTRAINT audit_events_pkey PRIMARY KEY USING INDEX audit_events_order;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_created_at_idx;
