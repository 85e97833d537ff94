-- +goose Up

-- The checks of each key by UTC day, as days since 1970-01-01, and reason. The day comes
-- first, so that the rows of today are close together and those of old days too.
CREATE TABLE api_key_usage (
    day        INTEGER NOT NULL,
    api_key_id TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    checks     INTEGER NOT NULL CHECK (checks > 0),
    PRIMARY KEY (day, api_key_id, reason)
) STRICT, WITHOUT ROWID;

-- The batches of counts that were added, so that none is added twice.
CREATE TABLE api_key_usage_batches (
    day INTEGER NOT NULL,
    id  TEXT    NOT NULL,
    PRIMARY KEY (day, id)
) STRICT, WITHOUT ROWID;

-- The last use of scopes and of secrets in their grace period, which the end of that
-- period identifies. Times are in microseconds since the Unix epoch.
CREATE TABLE api_key_scope_uses (
    api_key_id   TEXT    NOT NULL,
    scope        TEXT    NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key_grace_uses (
    valid_until  INTEGER NOT NULL,
    api_key_id   TEXT    NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (valid_until, api_key_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE api_key_grace_uses;
DROP TABLE api_key_scope_uses;
DROP TABLE api_key_usage_batches;
DROP TABLE api_key_usage;
