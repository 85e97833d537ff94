-- +goose Up

-- The secrets are sealed: a JSON array of {"key", "box", "until"}.
CREATE TABLE api_key_webhooks (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace_id    TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    events          TEXT    NOT NULL CHECK (json_valid(events) AND json_type(events) = 'array'),
    description     TEXT    NOT NULL,
    enabled         INTEGER NOT NULL,
    disabled_reason TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    created_by      TEXT    NOT NULL,
    deleted_at      INTEGER,
    failing_since   INTEGER,
    secrets         TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Every change of a key looks here for the webhooks of its workspace.
CREATE INDEX api_key_webhooks_workspace_idx ON api_key_webhooks (workspace_id) WHERE deleted_at IS NULL;

-- The audit trail of webhooks, in the form of api_key_events.
CREATE TABLE api_key_webhook_events (
    seq          INTEGER PRIMARY KEY,
    api_key_id   TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    event_id     TEXT    NOT NULL,
    workspace_id TEXT    NOT NULL,
    type         TEXT    NOT NULL,
    account_id   TEXT    NOT NULL,
    portal       TEXT    NOT NULL,
    client_hash  TEXT    NOT NULL,
    ip           TEXT,
    request_id   TEXT    NOT NULL,
    changes      TEXT    NOT NULL CHECK (json_valid(changes) AND json_type(changes) = 'array')
) STRICT;

CREATE INDEX api_key_webhook_events_idx ON api_key_webhook_events (api_key_id, seq);

-- What is to be delivered, and what was, for 30 days. due_at is the time of the next
-- attempt of a pending delivery; while it is leased, a sender is making that attempt.
CREATE TABLE api_key_deliveries (
    webhook_id      TEXT    NOT NULL,
    id              TEXT    NOT NULL,
    type            TEXT    NOT NULL,
    api_key_id      TEXT,
    body            TEXT    NOT NULL,
    status          TEXT    NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED', 'DROPPED')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    last_attempt_at INTEGER,
    last_status     INTEGER NOT NULL DEFAULT 0,
    due_at          INTEGER,
    leased_until    INTEGER,
    claim           INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (webhook_id, id)
) STRICT;

CREATE INDEX api_key_deliveries_due_idx ON api_key_deliveries (webhook_id, due_at) WHERE status = 'PENDING';
CREATE INDEX api_key_deliveries_created_idx ON api_key_deliveries (webhook_id, created_at, id);

-- The warnings that were made, each once; see domain.Warning.
CREATE TABLE api_key_warnings (
    api_key_id TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    due        INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, kind, due)
) STRICT, WITHOUT ROWID;

-- The keys of a workspace that expire, for warnings.
CREATE INDEX api_keys_expires_idx ON api_keys (workspace_id, expires_at) WHERE deleted_at IS NULL AND expires_at IS NOT NULL;

-- +goose Down
DROP INDEX api_keys_expires_idx;
DROP TABLE api_key_warnings;
DROP TABLE api_key_deliveries;
DROP TABLE api_key_webhook_events;
DROP TABLE api_key_webhooks;
