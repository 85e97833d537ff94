-- +goose Up

-- What tells a pepper from another one with the same identifier, an HMAC under
-- the pepper. A row is never changed; SECURITY.md says when to delete one.
CREATE TABLE api_key_peppers (
    pepper_id   TEXT NOT NULL PRIMARY KEY CHECK (length(pepper_id) BETWEEN 1 AND 32),
    check_value BLOB NOT NULL CHECK (length(check_value) = 32)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE api_key_peppers;
