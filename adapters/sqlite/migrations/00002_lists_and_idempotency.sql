-- +goose Up

-- How many keys of a workspace are not deleted.
CREATE TABLE api_key_counts (
    workspace_id TEXT    NOT NULL PRIMARY KEY CHECK (length(workspace_id) BETWEEN 1 AND 64),
    living       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO api_key_counts (workspace_id, living)
SELECT workspace_id, count(*) FROM api_keys WHERE deleted_at IS NULL GROUP BY workspace_id;

-- The name without its case, as the service folds it. upper does the same for
-- ASCII alone; the next update of a key writes what the service makes of it.
ALTER TABLE api_keys ADD COLUMN name_folded TEXT NOT NULL DEFAULT '';

UPDATE api_keys SET name_folded = upper(name);

-- One index for each order. Both hold all that a list is filtered by, so that
-- skipping and counting keys reads no key; deleted_at too, which is always the
-- same there and looked at nevertheless.
CREATE INDEX api_keys_created_idx ON api_keys (workspace_id, created_at, id, mode, disabled, expires_at, name_folded, deleted_at)
WHERE deleted_at IS NULL;

CREATE INDEX api_keys_name_idx ON api_keys (workspace_id, name, id, mode, disabled, expires_at, name_folded, deleted_at)
WHERE deleted_at IS NULL;

-- The outcome is the key as the request left it, without secrets and digests.
CREATE TABLE idempotency_keys (
    workspace_id TEXT    NOT NULL CHECK (length(workspace_id) BETWEEN 1 AND 64),
    key          TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint  BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    at           INTEGER NOT NULL,
    until        INTEGER NOT NULL,
    outcome      TEXT    NOT NULL CHECK (json_valid(outcome) AND json_type(outcome) = 'object'),
    PRIMARY KEY (workspace_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_until_idx ON idempotency_keys (until);

-- The trail of a key in the order in which things happened, whatever the clock.
CREATE UNIQUE INDEX api_key_events_seq_idx ON api_key_events (api_key_id, seq);

-- +goose StatementBegin
CREATE TRIGGER api_key_events_no_update BEFORE UPDATE ON api_key_events
BEGIN
    SELECT RAISE(ABORT, 'api_key_events is append-only: UPDATE is refused');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER api_key_events_no_delete BEFORE DELETE ON api_key_events
BEGIN
    SELECT RAISE(ABORT, 'api_key_events is append-only: DELETE is refused');
END;
-- +goose StatementEnd

-- INSERT OR REPLACE deletes without a word to the trigger above.
-- +goose StatementBegin
CREATE TRIGGER api_key_events_no_replace BEFORE INSERT ON api_key_events
WHEN EXISTS (SELECT 1 FROM api_key_events WHERE seq = NEW.seq)
OR EXISTS (SELECT 1 FROM api_key_events WHERE api_key_id = NEW.api_key_id AND at = NEW.at AND event_id = NEW.event_id)
BEGIN
    SELECT RAISE(ABORT, 'api_key_events is append-only: REPLACE is refused');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER api_key_events_no_replace;
DROP TRIGGER api_key_events_no_delete;
DROP TRIGGER api_key_events_no_update;
DROP INDEX api_key_events_seq_idx;
DROP TABLE idempotency_keys;
DROP INDEX api_keys_name_idx;
DROP INDEX api_keys_created_idx;
ALTER TABLE api_keys DROP COLUMN name_folded;
DROP TABLE api_key_counts;
