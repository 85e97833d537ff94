-- +goose NO TRANSACTION
-- +goose Up

-- A secret that another system issued does not begin with the ID of its key: it is
-- found by its digest. The index has no other secrets. As in 00004, each statement can
-- be run again, and does not wait for an older transaction for ever.
SET lock_timeout = '30s';

DROP INDEX CONCURRENTLY IF EXISTS api_key_secrets_foreign_idx;
CREATE INDEX CONCURRENTLY api_key_secrets_foreign_idx ON api_key_secrets (digest) WHERE algorithm <> 'hmac-sha256';

RESET lock_timeout;

-- +goose Down
DROP INDEX IF EXISTS api_key_secrets_foreign_idx;
