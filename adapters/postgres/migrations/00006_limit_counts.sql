-- +goose Up

-- What is granted of the limits of keys in the current window. The span is the length of
-- the window in seconds, or DAY, MONTH or TOTAL; its start is in seconds since the Unix
-- epoch. last_granted is the share of the last request. See ports.LimitStore.
-- The free space lets updates stay within their page.
CREATE TABLE IF NOT EXISTS api_key_limit_counts (
    api_key_id   text   COLLATE "C" NOT NULL,
    name         text   COLLATE "C" NOT NULL,
    span         text   COLLATE "C" NOT NULL,
    started_at   bigint NOT NULL,
    granted      bigint NOT NULL CHECK (granted >= returned),
    returned     bigint NOT NULL CHECK (returned >= 0),
    last_granted bigint NOT NULL,
    CONSTRAINT api_key_limit_counts_pkey PRIMARY KEY (api_key_id, name, span)
) WITH (fillfactor = 50);

-- +goose Down
DROP TABLE IF EXISTS api_key_limit_counts;
