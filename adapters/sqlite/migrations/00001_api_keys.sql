-- +goose Up

-- Instants are microseconds since 1970-01-01T00:00:00Z. Lists are JSON arrays.
CREATE TABLE api_keys (
    id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 24),
    workspace_id TEXT    NOT NULL CHECK (length(workspace_id) BETWEEN 1 AND 64),
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    mode         INTEGER NOT NULL CHECK (mode IN (1, 2)),
    scopes       TEXT    NOT NULL CHECK (json_valid(scopes) AND json_type(scopes) = 'array'),
    ip_whitelist TEXT    NOT NULL CHECK (json_valid(ip_whitelist) AND json_type(ip_whitelist) = 'array'),
    disabled     INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_by   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    deleted_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key_secrets (
    api_key_id  TEXT    NOT NULL REFERENCES api_keys (id),
    position    INTEGER NOT NULL CHECK (position >= 0),
    algorithm   TEXT    NOT NULL CHECK (algorithm <> ''),
    pepper_id   TEXT    NOT NULL,
    digest      BLOB    NOT NULL CHECK (algorithm <> 'hmac-sha256' OR length(digest) = 32),
    valid_until INTEGER,
    PRIMARY KEY (api_key_id, position)
) STRICT, WITHOUT ROWID;

-- No reference to api_keys: the trail outlives what it tells of. It is also
-- the change feed: seq is the order of commits, since there is one writer at a
-- time, and AUTOINCREMENT never gives a number again.
CREATE TABLE api_key_events (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    api_key_id   TEXT    NOT NULL CHECK (length(api_key_id) = 24),
    at           INTEGER NOT NULL,
    event_id     TEXT    NOT NULL CHECK (event_id <> ''),
    workspace_id TEXT    NOT NULL CHECK (length(workspace_id) BETWEEN 1 AND 64),
    type         TEXT    NOT NULL CHECK (type <> ''),
    account_id   TEXT    NOT NULL,
    portal       TEXT    NOT NULL,
    client_hash  TEXT    NOT NULL,
    ip           TEXT,
    request_id   TEXT    NOT NULL,
    changes      TEXT    NOT NULL CHECK (json_valid(changes) AND json_type(changes) = 'array'),
    UNIQUE (api_key_id, at, event_id)
) STRICT;

-- +goose Down
DROP TABLE api_key_events;
DROP TABLE api_key_secrets;
DROP TABLE api_keys;
