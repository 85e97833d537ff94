-- +goose NO TRANSACTION
-- +goose Up

-- The rate limits of a key, a JSON array in their order, and its quota, a JSON object.
-- Builds that know neither name neither: the keys they create have none, and their
-- updates leave both as they are. Constant defaults rewrite no row. The locks are
-- taken as in 00002.
-- +goose StatementBegin
DO $$
BEGIN
    SET LOCAL lock_timeout = '30s';
    LOCK TABLE api_keys IN SHARE UPDATE EXCLUSIVE MODE;
    SET LOCAL lock_timeout = '500ms';
    ALTER TABLE api_keys
        ADD COLUMN IF NOT EXISTS rate_limits jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN IF NOT EXISTS quota jsonb;
END
$$;
-- +goose StatementEnd

-- +goose Down
ALTER TABLE api_keys DROP COLUMN IF EXISTS quota, DROP COLUMN IF EXISTS rate_limits;
