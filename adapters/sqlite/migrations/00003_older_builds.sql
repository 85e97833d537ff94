-- +goose Up

-- Builds that know the schema before 00002 alone may be run on the file for a
-- time. They name no name_folded and keep no count: these triggers do it for
-- them.

-- +goose StatementBegin
CREATE TRIGGER api_keys_older_build_inserts AFTER INSERT ON api_keys
WHEN NEW.name_folded = ''
BEGIN
    UPDATE api_keys SET name_folded = upper(NEW.name) WHERE id = NEW.id;
    INSERT INTO api_key_counts (workspace_id, living)
    SELECT NEW.workspace_id, 1 WHERE NEW.deleted_at IS NULL
    ON CONFLICT (workspace_id) DO UPDATE SET living = living + 1;
END;
-- +goose StatementEnd

-- The keys that the statement under way renames or deletes itself, with all
-- that belongs to it. Empty between statements.
CREATE TABLE api_keys_current_build (
    id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- A build that names name_folded in its update keeps the count too. Only a
-- trigger on the column knows what a statement names.
-- +goose StatementBegin
CREATE TRIGGER api_keys_current_build_updates BEFORE UPDATE OF name_folded ON api_keys
WHEN NEW.name <> OLD.name OR NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL
BEGIN
    INSERT INTO api_keys_current_build (id) VALUES (NEW.id);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER api_keys_older_build_updates AFTER UPDATE OF name, deleted_at ON api_keys
WHEN NEW.name <> OLD.name OR NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL
BEGIN
    UPDATE api_keys SET name_folded = upper(NEW.name)
    WHERE id = NEW.id AND NEW.name <> OLD.name AND NOT EXISTS (SELECT 1 FROM api_keys_current_build WHERE id = NEW.id);
    UPDATE api_key_counts SET living = living - 1
    WHERE workspace_id = NEW.workspace_id AND NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM api_keys_current_build WHERE id = NEW.id);
    DELETE FROM api_keys_current_build WHERE id = NEW.id;
END;
-- +goose StatementEnd

-- What such builds made, renamed or deleted before: names without a folded one,
-- and those whose folded one cannot be theirs, having another length or, where
-- both are plain, other letters; and the counts.
UPDATE api_keys SET name_folded = upper(name)
WHERE length(name_folded) <> length(name) OR name NOT GLOB '*[^ -~]*' AND name_folded <> upper(name);

INSERT OR IGNORE INTO api_key_counts (workspace_id, living)
SELECT DISTINCT workspace_id, 0 FROM api_keys;

UPDATE api_key_counts SET living = (
    SELECT count(*) FROM api_keys k WHERE k.workspace_id = api_key_counts.workspace_id AND k.deleted_at IS NULL
);

-- +goose Down
DROP TRIGGER api_keys_older_build_updates;
DROP TRIGGER api_keys_current_build_updates;
DROP TABLE api_keys_current_build;
DROP TRIGGER api_keys_older_build_inserts;
