package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migration is one step of the schema.
type Migration = sqlkit.Migration

// Examine implements ports.Schema. It always returns nil, because [Open] has examined
// the file; a file that could not be opened then is examined before it is used.
func (r *KeyRepository) Examine(context.Context) error { return nil }

// Migrate brings the schema to the version of this build. Several processes may do so
// at once: a step is one transaction, so the second process fails completely and tries
// again. It returns an error that wraps [domain.ErrUnavailable] if the file cannot be
// used now, or not before ctx ends.
func (r *KeyRepository) Migrate(ctx context.Context) error {
	if err := r.openFile(ctx); err != nil {
		return err
	}
	_, err := within(ctx, r.migrations, "migrating SQLite", func() (struct{}, error) { return struct{}{}, r.migrate(ctx) })
	return err
}

func (r *KeyRepository) migrate(ctx context.Context) error {
	if _, err := r.writer.ExecContext(ctx, "PRAGMA "+tempStore(onDisk)); err != nil {
		return unmigrated(ctx, err)
	}
	defer func() { _, _ = r.writer.ExecContext(context.WithoutCancel(ctx), "PRAGMA "+tempStore(inMemory)) }()
	steps, err := r.migrator.List(ctx)
	if err != nil {
		return err
	}
	for range steps { // each time, another process has done at least one step
		if r.migrator.Up(ctx) == nil {
			return nil
		}
	}
	return unmigrated(ctx, r.migrator.Up(ctx))
}

// unmigrated translates the error of a migration if it comes from the driver. Waiting
// does not help against an error in a migration itself.
func unmigrated(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*sqlite.Error](err); ok || ctx.Err() != nil {
		return translate(ctx, err)
	}
	return err
}

// NewerSchema returns the version of a schema that is newer than this build,
// and 0 for any other.
func (r *KeyRepository) NewerSchema(ctx context.Context) (int64, error) {
	return read(ctx, r, func() (int64, error) { return r.migrator.Newer(ctx) })
}

// Migrations returns the steps of this build, and which of them are applied to
// the database file at path. It changes nothing. If the folder exists but the
// file does not, it returns all steps as not applied, and does not create the
// file.
func Migrations(ctx context.Context, path string) ([]Migration, error) {
	list, err := look(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("look at SQLite database: %w", err)
	}
	return list, nil
}

func look(ctx context.Context, path string) (list []Migration, err error) {
	pool, err := openLooker(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	migrator, err := newMigrator(pool, pool)
	if err != nil {
		return nil, err
	}
	return migrator.List(ctx)
}

// newMigrator returns a migrator that changes the schema with one pool and
// reads it with another, so that readers do not wait for a writer.
func newMigrator(writer, reader *sqlx.DB) (*sqlkit.Migrator, error) {
	applied := func(ctx context.Context) ([]int64, error) { return appliedVersions(ctx, reader) }
	return sqlkit.NewMigrator(goose.DialectSQLite3, writer.DB, migrations, applied)
}

// appliedVersions first checks whether the table exists, because there is no specific
// error code for its absence.
func appliedVersions(ctx context.Context, db *sqlx.DB) ([]int64, error) {
	var tables int
	err := db.GetContext(ctx, &tables, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`, sqlkit.VersionTable)
	if err != nil {
		return nil, translate(ctx, err)
	}
	if tables == 0 {
		return nil, nil
	}
	var versions []int64
	err = db.SelectContext(ctx, &versions, `SELECT version_id FROM `+sqlkit.VersionTable+` WHERE is_applied = 1`)
	return versions, translate(ctx, err)
}
