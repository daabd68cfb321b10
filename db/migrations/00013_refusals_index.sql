-- +goose NO TRANSACTION
-- +goose Up
-- oldest server: 3
-- A search among refusals, of which a flood of guesses makes many, reads this index alone. Each statement works again after
-- a migration that failed halfway.

DROP INDEX CONCURRENTLY IF EXISTS audit_events_refusals_idx;
CREATE INDEX CONCURRENTLY audit_events_refusals_idx ON audit_events (created_at, id, operation, administration)
    INCLUDE (subject_id, actor_id) WHERE status <> 'action-successful';
DROP INDEX CONCURRENTLY IF EXISTS audit_events_refused_idx;
