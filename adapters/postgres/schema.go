package postgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/pressly/goose/v3/lock"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// searchPath is the option of a DSN that names a schema.
const searchPath = "search_path"

// schemaName matches the schemas that a DSN may name. A schema is part of the
// name of a channel, which has at most 63 bytes.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,46}$`)

const problemSchema = "has a search_path that is not the name of one schema; write search_path=NAME, with at most 47 of a-z 0-9 _, not beginning with a digit or pg_"

// schema is the schema that a DSN names, or "" for the one that the server chooses. It
// contains the tables, functions and triggers of the store, and has its own channel and
// advisory locks, so that stores in two schemas of one database do not interfere.
type schema string

func schemaOf(cfg pq.Config) schema { return schema(cfg.Runtime[searchPath]) }

// schemaProblem returns what is wrong with the schema of a DSN, or "".
func schemaProblem(cfg pq.Config) string {
	name, given := cfg.Runtime[searchPath]
	if given && (!schemaName.MatchString(name) || strings.HasPrefix(name, "pg_")) {
		return problemSchema
	}
	return ""
}

// withoutSchema returns cfg without its schema. The schema is not sent in the startup
// message of a connection, because poolers reject parameters that they do not know.
func withoutSchema(cfg pq.Config) pq.Config {
	cfg = cfg.Clone()
	delete(cfg.Runtime, searchPath)
	return cfg
}

// setup returns the statement that makes a connection use only this schema, so that a
// table of the same name in another schema is not mistaken for ours.
func (s schema) setup() string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("SET search_path = %q;\n", string(s))
}

// channel returns the channel that an update notifies when it commits. The payload is
// empty, because the listeners then read the events.
func (s schema) channel() string {
	if s == "" {
		return "apikeys_changes"
	}
	return "apikeys_changes_" + string(s)
}

// lockText returns the text whose hash is the advisory lock of an idempotency key. No
// workspace ID contains the separator.
func (s schema) lockText(workspace, key string) string {
	if s == "" {
		return workspace + " " + key
	}
	return string(s) + "." + workspace + " " + key
}

// migrationLock returns the advisory lock that a process holds while it migrates.
func (s schema) migrationLock() int64 {
	if s == "" {
		return lock.DefaultLockID
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte("apikeys migrations of " + s))
	return int64(hash.Sum64())
}

// prepareSchema creates the schema if it does not exist. It returns an [*UnfitError],
// and changes nothing, if another program has tables there.
func (r *KeyRepository) prepareSchema(ctx context.Context) error {
	if err := r.requireOwnTables(ctx); err != nil || r.schema == "" {
		return err
	}
	var schemas []string
	err := r.maintenance.SelectContext(ctx, &schemas, `SELECT nspname FROM pg_namespace WHERE nspname = $1`, string(r.schema))
	if err != nil || len(schemas) > 0 {
		return err
	}
	_, err = r.maintenance.ExecContext(ctx, fmt.Sprintf(`CREATE SCHEMA IF NOT EXISTS %q`, string(r.schema)))
	if failed := asServerError(err); failed != nil && failed.Code == pqerror.UniqueViolation { // another process was faster
		return nil
	}
	return err
}

// foreignTables returns the tables that have one of our names, in schemas without the
// table that the first migration creates before all others.
const foreignTables = `SELECT n.nspname AS schema, c.relname AS table
FROM unnest($1::text[]) AS name
JOIN pg_class c ON c.oid = to_regclass(quote_ident(name))
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (SELECT FROM pg_class v WHERE v.relnamespace = n.oid AND v.relname = '` + sqlkit.VersionTable + `')
ORDER BY c.relname <> 'api_keys', c.relname`

type tableName struct {
	Schema string `db:"schema"`
	Table  string `db:"table"`
}

// requireOwnTables returns an [*UnfitError] if another program has a table where
// ours would be.
func (r *KeyRepository) requireOwnTables(ctx context.Context) error {
	var found []tableName
	err := r.maintenance.SelectContext(ctx, &found, foreignTables, pq.Array(r.migrator.Tables()))
	if err != nil || len(found) == 0 {
		return err
	}
	return &UnfitError{DB: r.sessions.db != nil, Problem: fmt.Sprintf(problemForeignTable, found[0].Schema, found[0].Table, sqlkit.VersionTable)}
}
