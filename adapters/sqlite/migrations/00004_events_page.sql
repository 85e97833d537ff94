-- +goose Up

-- Counting the events of a key reads the index alone if the index has all that
-- they are filtered by.
CREATE UNIQUE INDEX api_key_events_page_idx ON api_key_events (api_key_id, seq, workspace_id);
DROP INDEX api_key_events_seq_idx;

-- +goose Down
CREATE UNIQUE INDEX api_key_events_seq_idx ON api_key_events (api_key_id, seq);
DROP INDEX api_key_events_page_idx;
