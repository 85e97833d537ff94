-- +goose Up

-- A secret that another system issued does not begin with the ID of its key: it is
-- found by its digest. The index has no other secrets.
CREATE INDEX api_key_secrets_foreign_idx ON api_key_secrets (digest) WHERE algorithm <> 'hmac-sha256';

-- +goose Down
DROP INDEX api_key_secrets_foreign_idx;
