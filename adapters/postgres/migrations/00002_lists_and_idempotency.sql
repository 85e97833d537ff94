-- +goose NO TRANSACTION
-- +goose Up

-- The tables may be large and in use. So every statement is a transaction of
-- its own, none keeps others out for longer than a moment, and each can be run
-- again after one below it failed, or the process was killed.

-- How many keys of a workspace are not deleted; the next migration counts them.
-- The one row of a busy workspace changes often: with room in its page none of
-- that reaches the index.
CREATE TABLE IF NOT EXISTS api_key_counts (
    workspace_id text   COLLATE "C" NOT NULL CHECK (length(workspace_id) BETWEEN 1 AND 64),
    living       bigint NOT NULL,
    CONSTRAINT api_key_counts_pkey PRIMARY KEY (workspace_id)
) WITH (fillfactor = 50);

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

-- Whoever waits for a lock of a table that is read and written keeps all others
-- waiting behind it, so it gives up soon. An autovacuum yields only to who waits
-- for a second: it is waited for with a lock that keeps nobody from reading and
-- writing.
--
-- name_folded is the name without its case, as the service folds it. A constant
-- default rewrites no row. The fill factor leaves room for last_used_at, which
-- no index has: to write it reaches none either.
-- +goose StatementBegin
DO $$
BEGIN
    SET LOCAL lock_timeout = '30s';
    LOCK TABLE api_keys IN SHARE UPDATE EXCLUSIVE MODE;
    SET LOCAL lock_timeout = '500ms';
    ALTER TABLE api_keys
        ADD COLUMN IF NOT EXISTS name_folded text COLLATE "C" NOT NULL DEFAULT '',
        SET (fillfactor = 90);
END
$$;
-- +goose StatementEnd

-- seq is the order in which things happened to a key: its changes wait for each
-- other before they take a number. Clocks say less, being the same for two or
-- set back. A volatile default of a new column would rewrite the table; set
-- afterwards, it does not. The trigger is that of a run that failed below.
CREATE SEQUENCE IF NOT EXISTS api_key_events_seq;
-- +goose StatementBegin
DO $$
BEGIN
    SET LOCAL lock_timeout = '30s';
    LOCK TABLE api_key_events IN SHARE UPDATE EXCLUSIVE MODE;
    SET LOCAL lock_timeout = '500ms';
    ALTER TABLE api_key_events ADD COLUMN IF NOT EXISTS seq bigint;
    ALTER TABLE api_key_events ALTER COLUMN seq SET DEFAULT nextval('api_key_events_seq');
    ALTER SEQUENCE api_key_events_seq OWNED BY api_key_events.seq;
    DROP TRIGGER IF EXISTS api_key_events_append_only ON api_key_events;
END
$$;
-- +goose StatementEnd

-- What is there already is numbered below all that comes, by its clock, all
-- events of a key in one transaction.
-- +goose StatementBegin
DO $$
DECLARE
    last text := '';
    upto text;
BEGIN
    LOOP
        SELECT max(api_key_id) INTO upto
        FROM (SELECT api_key_id FROM api_key_events WHERE api_key_id > last ORDER BY api_key_id LIMIT 5000) batch;
        EXIT WHEN upto IS NULL;
        UPDATE api_key_events e SET seq = o.seq
        FROM (
            SELECT api_key_id, at, event_id, -row_number() OVER (PARTITION BY api_key_id ORDER BY at DESC, event_id DESC) AS seq
            FROM api_key_events WHERE api_key_id > last AND api_key_id <= upto AND seq IS NULL
        ) o
        WHERE e.api_key_id = o.api_key_id AND e.at = o.at AND e.event_id = o.event_id
        AND e.api_key_id > last AND e.api_key_id <= upto;
        COMMIT;
        last := upto;
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION api_key_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'api_key_events is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
    SET LOCAL lock_timeout = '30s';
    LOCK TABLE api_key_events IN SHARE UPDATE EXCLUSIVE MODE;
    SET LOCAL lock_timeout = '500ms';
    CREATE TRIGGER api_key_events_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON api_key_events
    FOR EACH STATEMENT EXECUTE FUNCTION api_key_events_append_only();
END
$$;
-- +goose StatementEnd

-- upper comes near to the folding of the service: for ASCII it is the same in
-- every locale, for other scripts it depends on that of the database. The next
-- update of a key writes what the service makes of its name. Rows are locked in
-- the order in which the service locks them, so that nobody waits in a circle.
-- +goose StatementBegin
DO $$
DECLARE
    last text := '';
    upto text;
BEGIN
    LOOP
        SELECT max(id) INTO upto FROM (SELECT id FROM api_keys WHERE id > last ORDER BY id LIMIT 1000) batch;
        EXIT WHEN upto IS NULL;
        WITH unfolded AS (
            SELECT id FROM api_keys WHERE id > last AND id <= upto AND name_folded = ''
            ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE api_keys SET name_folded = upper(name) FROM unfolded WHERE api_keys.id = unfolded.id;
        COMMIT;
        last := upto;
    END LOOP;
END
$$;
-- +goose StatementEnd

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
