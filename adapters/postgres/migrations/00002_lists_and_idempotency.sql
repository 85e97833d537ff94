-- +goose NO TRANSACTION
-- +goose Up

-- The table of keys may be large and in use. So every statement is a
-- transaction of its own, none keeps others out for longer than a moment, and
-- each can be run again after one below it failed.
SET lock_timeout = '1s';

-- How many keys of a workspace are not deleted. The one row of a busy
-- workspace changes often: with room in its page none of that reaches the index.
CREATE TABLE IF NOT EXISTS api_key_counts (
    workspace_id text   COLLATE "C" NOT NULL CHECK (length(workspace_id) BETWEEN 1 AND 64),
    living       bigint NOT NULL,
    CONSTRAINT api_key_counts_pkey PRIMARY KEY (workspace_id)
) WITH (fillfactor = 50);

-- The name without its case, as the service folds it. A constant default
-- rewrites no row.
ALTER TABLE api_keys ADD COLUMN IF NOT EXISTS name_folded text COLLATE "C" NOT NULL DEFAULT '';

-- Room for last_used_at, which no index has: to write it reaches none either.
ALTER TABLE api_keys SET (fillfactor = 90);

-- The outcome is the key as the request left it, without secrets and digests.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    workspace_id text        COLLATE "C" NOT NULL CHECK (length(workspace_id) BETWEEN 1 AND 64),
    key          text        COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint  bytea       NOT NULL CHECK (octet_length(fingerprint) = 32),
    at           timestamptz NOT NULL,
    until        timestamptz NOT NULL,
    outcome      jsonb       NOT NULL CHECK (jsonb_typeof(outcome) = 'object'),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (workspace_id, key)
);

CREATE INDEX IF NOT EXISTS idempotency_keys_until_idx ON idempotency_keys (until);

-- The order in which things happened to a key: its changes wait for each other
-- before they take a number. Clocks say less, being the same for two or set
-- back. What is there already is numbered below all that comes, by its clock.
-- A volatile default of a new column would rewrite the table; set afterwards,
-- it does not.
CREATE SEQUENCE IF NOT EXISTS api_key_events_seq;
ALTER TABLE api_key_events ADD COLUMN IF NOT EXISTS seq bigint;
ALTER TABLE api_key_events ALTER COLUMN seq SET DEFAULT nextval('api_key_events_seq');
ALTER SEQUENCE api_key_events_seq OWNED BY api_key_events.seq;

DROP TRIGGER IF EXISTS api_key_events_append_only ON api_key_events; -- of a run that failed below
UPDATE api_key_events e SET seq = o.seq
FROM (SELECT api_key_id, at, event_id, -row_number() OVER (ORDER BY at DESC, event_id DESC) AS seq FROM api_key_events WHERE seq IS NULL) o
WHERE e.api_key_id = o.api_key_id AND e.at = o.at AND e.event_id = o.event_id;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION api_key_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'api_key_events is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
-- +goose StatementEnd

CREATE TRIGGER api_key_events_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON api_key_events
FOR EACH STATEMENT EXECUTE FUNCTION api_key_events_append_only();

RESET lock_timeout;

-- upper comes near to the folding of the service: for ASCII it is the same in
-- every locale, for other scripts it depends on that of the database. The next
-- update of a key writes what the service makes of its name.
-- +goose StatementBegin
DO $$
DECLARE
    last text := '';
BEGIN
    LOOP
        WITH batch AS (
            SELECT id FROM api_keys WHERE id > last ORDER BY id LIMIT 2000
        ), folded AS (
            UPDATE api_keys SET name_folded = upper(name)
            FROM batch WHERE api_keys.id = batch.id AND name_folded = ''
        )
        SELECT max(id) INTO last FROM batch;
        EXIT WHEN last IS NULL;
        COMMIT;
    END LOOP;
END
$$;
-- +goose StatementEnd

INSERT INTO api_key_counts (workspace_id, living)
SELECT workspace_id, count(*) FROM api_keys WHERE deleted_at IS NULL GROUP BY workspace_id
ON CONFLICT (workspace_id) DO UPDATE SET living = excluded.living;

-- One index for each order. Both hold all that a list is filtered by, so that
-- skipping and counting keys reads no key. One that failed to be built is there
-- and of no use.
DROP INDEX CONCURRENTLY IF EXISTS api_keys_created_idx;
CREATE INDEX CONCURRENTLY api_keys_created_idx ON api_keys (workspace_id, created_at, id)
INCLUDE (mode, disabled, expires_at, name_folded) WHERE deleted_at IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS api_keys_name_idx;
CREATE INDEX CONCURRENTLY api_keys_name_idx ON api_keys (workspace_id, name COLLATE "C", id)
INCLUDE (mode, disabled, expires_at, name_folded) WHERE deleted_at IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS api_key_events_seq_idx;
CREATE UNIQUE INDEX CONCURRENTLY api_key_events_seq_idx ON api_key_events (api_key_id, seq);

-- +goose Down
DROP INDEX IF EXISTS api_key_events_seq_idx;
DROP INDEX IF EXISTS api_keys_name_idx;
DROP INDEX IF EXISTS api_keys_created_idx;
DROP TRIGGER IF EXISTS api_key_events_append_only ON api_key_events;
DROP FUNCTION IF EXISTS api_key_events_append_only();
ALTER TABLE api_key_events DROP COLUMN IF EXISTS seq;
DROP TABLE IF EXISTS idempotency_keys;
ALTER TABLE api_keys RESET (fillfactor);
ALTER TABLE api_keys DROP COLUMN IF EXISTS name_folded;
DROP TABLE IF EXISTS api_key_counts;
