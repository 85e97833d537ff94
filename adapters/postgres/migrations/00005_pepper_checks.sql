-- +goose Up

-- What tells a pepper from another one with the same identifier, an HMAC under
-- the pepper. A row is never changed; SECURITY.md says when to delete one.
CREATE TABLE IF NOT EXISTS api_key_peppers (
    pepper_id   text  COLLATE "C" NOT NULL CHECK (length(pepper_id) BETWEEN 1 AND 32),
    check_value bytea NOT NULL CHECK (octet_length(check_value) = 32),
    CONSTRAINT api_key_peppers_pkey PRIMARY KEY (pepper_id)
);

-- +goose Down
DROP TABLE IF EXISTS api_key_peppers;
