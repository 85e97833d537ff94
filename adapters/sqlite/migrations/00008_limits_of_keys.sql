-- +goose Up

-- The rate limits of a key, a JSON array in their order, and its quota, a JSON object.
-- Builds that know neither name neither: the keys they create have none, and their
-- updates leave both as they are.
ALTER TABLE api_keys ADD COLUMN rate_limits TEXT NOT NULL DEFAULT '[]'
CHECK (json_valid(rate_limits) AND json_type(rate_limits) = 'array');
ALTER TABLE api_keys ADD COLUMN quota TEXT
CHECK (quota IS NULL OR json_valid(quota) AND json_type(quota) = 'object');

-- +goose Down
ALTER TABLE api_keys DROP COLUMN quota;
ALTER TABLE api_keys DROP COLUMN rate_limits;
