-- +goose NO TRANSACTION
-- +goose Up

-- Builds that know the schema before 00002 alone may write beside this one, or
-- instead of it after a way back. They name no name_folded and keep no count:
-- these triggers do it for them. As in 00002, each statement is a transaction
-- of its own and can be run again.

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION api_keys_older_build_inserts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name_folded := upper(NEW.name);
    IF NEW.deleted_at IS NULL THEN
        INSERT INTO api_key_counts AS c (workspace_id, living) VALUES (NEW.workspace_id, 1)
        ON CONFLICT (workspace_id) DO UPDATE SET living = c.living + 1;
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- A build that names name_folded in its update keeps the count too. Only a
-- trigger on the column knows what a statement names, so it leaves a mark that
-- no name has for the trigger below, which takes it away. Triggers on one event
-- are run in the order of their names.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION api_keys_current_build_updates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name_folded := chr(1) || NEW.name_folded;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION api_keys_older_build_updates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF starts_with(NEW.name_folded, chr(1)) THEN
        NEW.name_folded := substr(NEW.name_folded, 2);
        RETURN NEW;
    END IF;
    IF NEW.name <> OLD.name THEN
        NEW.name_folded := upper(NEW.name);
    END IF;
    IF NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL THEN
        -- Also where nothing has been counted yet: who counts has to wait for
        -- this transaction, whose key still looks living.
        INSERT INTO api_key_counts AS c (workspace_id, living) VALUES (NEW.workspace_id, -1)
        ON CONFLICT (workspace_id) DO UPDATE SET living = c.living - 1;
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- All or none: an update under one trigger of the two would be marked for ever.
-- +goose StatementBegin
DO $$
BEGIN
    SET LOCAL lock_timeout = '30s';
    LOCK TABLE api_keys IN SHARE UPDATE EXCLUSIVE MODE;
    SET LOCAL lock_timeout = '500ms';
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'api_keys'::regclass AND tgname = 'api_keys_older_build_inserts') THEN
        RETURN;
    END IF;
    CREATE TRIGGER api_keys_older_build_inserts BEFORE INSERT ON api_keys
    FOR EACH ROW WHEN (NEW.name_folded = '')
    EXECUTE FUNCTION api_keys_older_build_inserts();

    CREATE TRIGGER api_keys_current_build_updates BEFORE UPDATE OF name_folded ON api_keys
    FOR EACH ROW WHEN (NEW.name <> OLD.name OR NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL)
    EXECUTE FUNCTION api_keys_current_build_updates();

    CREATE TRIGGER api_keys_older_build_updates BEFORE UPDATE OF name, deleted_at ON api_keys
    FOR EACH ROW WHEN (NEW.name <> OLD.name OR NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL)
    EXECUTE FUNCTION api_keys_older_build_updates();
END
$$;
-- +goose StatementEnd

-- What such builds made or renamed before the triggers: names without a folded
-- one, and those whose folded one cannot be theirs, having another length or,
-- where both are plain, other letters.
-- +goose StatementBegin
DO $$
DECLARE
    last text := '';
    upto text;
BEGIN
    LOOP
        SELECT max(id) INTO upto FROM (SELECT id FROM api_keys WHERE id > last ORDER BY id LIMIT 1000) batch;
        EXIT WHEN upto IS NULL;
        WITH stale AS (
            SELECT id FROM api_keys
            WHERE id > last AND id <= upto
            AND (length(name_folded) <> length(name) OR name COLLATE "C" ~ '^[ -~]*$' AND name_folded <> upper(name))
            ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE api_keys SET name_folded = upper(name) FROM stale WHERE api_keys.id = stale.id;
        COMMIT;
        last := upto;
    END LOOP;
END
$$;
-- +goose StatementEnd

-- Count without a lock: each change of the keys of a workspace from here on
-- changes its count alike, so by how much the count is wrong stays the same,
-- and one snapshot tells. But a count is not taken below 0 by some builds, so
-- it is looked at until it is right.
-- +goose StatementBegin
DO $$
DECLARE
    workspace text := '';
    missing bigint;
BEGIN
    LOOP
        SELECT least(
            (SELECT min(workspace_id) FROM api_keys WHERE workspace_id > workspace AND deleted_at IS NULL),
            (SELECT min(workspace_id) FROM api_key_counts WHERE workspace_id > workspace)
        ) INTO workspace;
        EXIT WHEN workspace IS NULL;
        FOR attempt IN 1..10 LOOP
            SELECT count(*) - coalesce((SELECT living FROM api_key_counts WHERE workspace_id = workspace), 0) INTO missing
            FROM api_keys WHERE workspace_id = workspace AND deleted_at IS NULL;
            EXIT WHEN missing = 0;
            INSERT INTO api_key_counts AS c (workspace_id, living) VALUES (workspace, missing)
            ON CONFLICT (workspace_id) DO UPDATE SET living = c.living + missing;
            COMMIT;
        END LOOP;
        COMMIT;
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER IF EXISTS api_keys_older_build_updates ON api_keys;
DROP TRIGGER IF EXISTS api_keys_current_build_updates ON api_keys;
DROP TRIGGER IF EXISTS api_keys_older_build_inserts ON api_keys;
DROP FUNCTION IF EXISTS api_keys_older_build_updates();
DROP FUNCTION IF EXISTS api_keys_current_build_updates();
DROP FUNCTION IF EXISTS api_keys_older_build_inserts();
