-- +goose NO TRANSACTION
-- +goose Up

-- The tables of webhooks. As in 00002, each statement can be run again.

-- The secrets are sealed: a JSON array of {"key", "box", "until"}.
CREATE TABLE IF NOT EXISTS api_key_webhooks (
    id              text        COLLATE "C" NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
    workspace_id    text        COLLATE "C" NOT NULL CHECK (length(workspace_id) BETWEEN 1 AND 64),
    url             text        NOT NULL,
    events          jsonb       NOT NULL CHECK (jsonb_typeof(events) = 'array'),
    description     text        NOT NULL,
    enabled         boolean     NOT NULL,
    disabled_reason text        NOT NULL,
    created_at      timestamptz NOT NULL,
    created_by      text        NOT NULL,
    deleted_at      timestamptz,
    failing_since   timestamptz,
    secrets         text        NOT NULL,
    CONSTRAINT api_key_webhooks_pkey PRIMARY KEY (id)
);

-- Every change of a key looks here for the webhooks of its workspace.
CREATE INDEX IF NOT EXISTS api_key_webhooks_workspace_idx ON api_key_webhooks (workspace_id) WHERE deleted_at IS NULL;

-- The audit trail of webhooks, in the form of api_key_events.
CREATE TABLE IF NOT EXISTS api_key_webhook_events (
    seq          bigint      GENERATED ALWAYS AS IDENTITY,
    api_key_id   text        COLLATE "C" NOT NULL,
    at           timestamptz NOT NULL,
    event_id     text        COLLATE "C" NOT NULL,
    workspace_id text        COLLATE "C" NOT NULL,
    type         text        NOT NULL,
    account_id   text        NOT NULL,
    portal       text        NOT NULL,
    client_hash  text        NOT NULL,
    ip           text,
    request_id   text        NOT NULL,
    changes      jsonb       NOT NULL CHECK (jsonb_typeof(changes) = 'array'),
    CONSTRAINT api_key_webhook_events_pkey PRIMARY KEY (api_key_id, seq)
);

-- What is to be delivered, and what was, for 30 days. due_at is the time of the next
-- attempt of a pending delivery; while it is leased, a sender is making that attempt.
CREATE TABLE IF NOT EXISTS api_key_deliveries (
    webhook_id      text        COLLATE "C" NOT NULL,
    id              text        COLLATE "C" NOT NULL,
    type            text        NOT NULL,
    api_key_id      text        COLLATE "C",
    body            text        NOT NULL,
    status          text        NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED', 'DROPPED')),
    attempts        integer     NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL,
    last_attempt_at timestamptz,
    last_status     integer     NOT NULL DEFAULT 0,
    due_at          timestamptz,
    leased_until    timestamptz,
    claim           bigint      NOT NULL DEFAULT 0,
    CONSTRAINT api_key_deliveries_pkey PRIMARY KEY (webhook_id, id)
) WITH (fillfactor = 70);

CREATE INDEX IF NOT EXISTS api_key_deliveries_due_idx ON api_key_deliveries (webhook_id, due_at) WHERE status = 'PENDING';
CREATE INDEX IF NOT EXISTS api_key_deliveries_created_idx ON api_key_deliveries (webhook_id, created_at, id);

-- The warnings that were made, each once; see domain.Warning.
CREATE TABLE IF NOT EXISTS api_key_warnings (
    api_key_id text        COLLATE "C" NOT NULL,
    kind       text        COLLATE "C" NOT NULL,
    due        timestamptz NOT NULL,
    CONSTRAINT api_key_warnings_pkey PRIMARY KEY (api_key_id, kind, due)
);

-- The keys of a workspace that expire, for warnings.
SET lock_timeout = '30s';

DROP INDEX CONCURRENTLY IF EXISTS api_keys_expires_idx;
CREATE INDEX CONCURRENTLY api_keys_expires_idx ON api_keys (workspace_id, expires_at) WHERE deleted_at IS NULL AND expires_at IS NOT NULL;

RESET lock_timeout;

-- +goose Down
DROP INDEX IF EXISTS api_keys_expires_idx;
DROP TABLE IF EXISTS api_key_warnings;
DROP TABLE IF EXISTS api_key_deliveries;
DROP TABLE IF EXISTS api_key_webhook_events;
DROP TABLE IF EXISTS api_key_webhooks;
