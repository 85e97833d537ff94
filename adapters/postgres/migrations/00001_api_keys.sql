-- +goose Up

-- Identifiers compare byte by byte: COLLATE "C" makes their indexes small,
-- fast and independent of the locale of the host.
CREATE TABLE api_keys (
    id           text        COLLATE "C" NOT NULL CHECK (length(id) = 24),
    workspace_id text        COLLATE "C" NOT NULL CHECK (length(workspace_id) BETWEEN 1 AND 64),
    name         text        NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    mode         smallint    NOT NULL CHECK (mode IN (1, 2)),
    scopes       jsonb       NOT NULL CHECK (jsonb_typeof(scopes) = 'array'),
    ip_whitelist jsonb       NOT NULL CHECK (jsonb_typeof(ip_whitelist) = 'array'),
    disabled     boolean     NOT NULL,
    created_by   text        NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz,
    deleted_at   timestamptz,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id)
);

CREATE TABLE api_key_secrets (
    api_key_id  text     COLLATE "C" NOT NULL REFERENCES api_keys (id),
    position    smallint NOT NULL CHECK (position >= 0),
    algorithm   text     NOT NULL CHECK (algorithm <> ''),
    pepper_id   text     NOT NULL,
    digest      bytea    NOT NULL CHECK (algorithm <> 'hmac-sha256' OR octet_length(digest) = 32),
    valid_until timestamptz,
    CONSTRAINT api_key_secrets_pkey PRIMARY KEY (api_key_id, position)
);

-- No reference to api_keys: the trail outlives what it tells of. It is also
-- the change feed: txid says in which snapshots an event is visible, which is
-- what a follower must know, since a sequence is not the order of commits.
CREATE TABLE api_key_events (
    api_key_id   text        COLLATE "C" NOT NULL CHECK (length(api_key_id) = 24),
    at           timestamptz NOT NULL,
    event_id     text        COLLATE "C" NOT NULL CHECK (event_id <> ''),
    workspace_id text        COLLATE "C" NOT NULL CHECK (length(workspace_id) BETWEEN 1 AND 64),
    type         text        NOT NULL CHECK (type <> ''),
    account_id   text        NOT NULL,
    portal       text        NOT NULL,
    client_hash  text        NOT NULL,
    ip           text,
    request_id   text        NOT NULL,
    changes      jsonb       NOT NULL CHECK (jsonb_typeof(changes) = 'array'),
    txid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT api_key_events_pkey PRIMARY KEY (api_key_id, at, event_id)
);

CREATE INDEX api_key_events_txid_idx ON api_key_events (txid);

-- +goose Down
DROP TABLE api_key_events;
DROP TABLE api_key_secrets;
DROP TABLE api_keys;
