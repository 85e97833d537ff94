-- +goose Up

-- What is granted of the limits of keys in the current window. The span is the length of
-- the window in seconds, or DAY, MONTH or TOTAL; its start is in seconds since the Unix
-- epoch. See ports.LimitStore.
CREATE TABLE api_key_limit_counts (
    api_key_id TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    span       TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    granted    INTEGER NOT NULL CHECK (granted >= returned),
    returned   INTEGER NOT NULL CHECK (returned >= 0),
    PRIMARY KEY (api_key_id, name, span)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE api_key_limit_counts;
