-- +goose Up

-- The checks of each key by UTC day, as days since 1970-01-01, and reason. The day comes
-- first, so that the rows of today are close together and those of old days too. The
-- free space lets updates stay within their page.
CREATE TABLE IF NOT EXISTS api_key_usage (
    day        integer NOT NULL,
    api_key_id text    COLLATE "C" NOT NULL,
    reason     text    COLLATE "C" NOT NULL,
    checks     bigint  NOT NULL CHECK (checks > 0),
    CONSTRAINT api_key_usage_pkey PRIMARY KEY (day, api_key_id, reason)
) WITH (fillfactor = 70);

-- The batches of counts that were added, so that none is added twice.
CREATE TABLE IF NOT EXISTS api_key_usage_batches (
    day integer NOT NULL,
    id  text    COLLATE "C" NOT NULL,
    CONSTRAINT api_key_usage_batches_pkey PRIMARY KEY (day, id)
);

-- The last use of scopes and of secrets in their grace period, which the end of that
-- period identifies.
CREATE TABLE IF NOT EXISTS api_key_scope_uses (
    api_key_id   text COLLATE "C" NOT NULL,
    scope        text COLLATE "C" NOT NULL,
    last_used_at timestamptz NOT NULL,
    CONSTRAINT api_key_scope_uses_pkey PRIMARY KEY (api_key_id, scope)
) WITH (fillfactor = 70);

CREATE TABLE IF NOT EXISTS api_key_grace_uses (
    valid_until  timestamptz NOT NULL,
    api_key_id   text COLLATE "C" NOT NULL,
    last_used_at timestamptz NOT NULL,
    CONSTRAINT api_key_grace_uses_pkey PRIMARY KEY (valid_until, api_key_id)
);

-- +goose Down
DROP TABLE IF EXISTS api_key_grace_uses;
DROP TABLE IF EXISTS api_key_scope_uses;
DROP TABLE IF EXISTS api_key_usage_batches;
DROP TABLE IF EXISTS api_key_usage;
