-- +goose Up

-- Changes nothing: the step of this number makes deliveries cheaper to write on SQLite.

-- +goose Down
