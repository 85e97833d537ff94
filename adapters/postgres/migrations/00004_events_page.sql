-- +goose NO TRANSACTION
-- +goose Up

-- Counting the events of a key reads the index alone if the index has all that
-- they are filtered by. As in 00002, each statement is a transaction of its own
-- and can be run again. To build an index without a lock, PostgreSQL waits for
-- every older transaction, such as that of pg_dump: not for ever.
SET lock_timeout = '30s';

DROP INDEX CONCURRENTLY IF EXISTS api_key_events_page_idx;
CREATE UNIQUE INDEX CONCURRENTLY api_key_events_page_idx ON api_key_events (api_key_id, seq) INCLUDE (workspace_id);
DROP INDEX CONCURRENTLY IF EXISTS api_key_events_seq_idx;

RESET lock_timeout;

-- +goose Down
CREATE UNIQUE INDEX IF NOT EXISTS api_key_events_seq_idx ON api_key_events (api_key_id, seq);
DROP INDEX IF EXISTS api_key_events_page_idx;
