package postgres

import (
	"context"
	"embed"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migration is one step of the schema.
type Migration = sqlkit.Migration

// Migrate brings the schema to the version of this build, unless it already has it. If
// several processes migrate at once, one of them does, and the others wait for it for up
// to a minute. It returns an error that wraps [domain.ErrUnavailable] if the server
// cannot be used now, which is a [*LockedError] if a table is locked, and an
// [*UnfitError] if the role may not change the schema, or another program has tables in
// it. It creates the schema that the DSN names, if it does not exist.
func (r *KeyRepository) Migrate(ctx context.Context) error {
	if r.migrator.Current(ctx) == nil { // asked on a connection that checks need anyway
		return nil
	}
	err := r.prepareSchema(ctx)
	if err == nil {
		err = r.migrator.Up(ctx)
	}
	failed := asServerError(err)
	switch {
	case failed != nil && failed.Code == pqerror.LockNotAvailable:
		return r.locked(ctx, err)
	case failed == nil, temporary(failed.Code):
		return translate(ctx, err)
	case failed.Code == pqerror.InsufficientPrivilege:
		return &UnfitError{DB: r.sessions.db != nil, Problem: r.mayNotMigrate(failed)}
	}
	return err // names the step; a migration holds no values to hide
}

func (r *KeyRepository) mayNotMigrate(failed *pq.Error) string {
	if r.sessions.db != nil {
		return "is used by a role that may not change the schema" + message(r.cfg, failed) + "; let it own the schema, or migrate as the role that does"
	}
	return fmt.Sprintf("names the user %q, who may not change the schema of the database %q at %s%s; make it the owner (ALTER DATABASE … OWNER TO …), or migrate as the role that is",
		r.cfg.User, databaseOf(r.cfg), hostsOf(r.cfg), message(r.cfg, failed))
}

// Migrations returns the steps of this build and which of them are applied.
func (r *KeyRepository) Migrations(ctx context.Context) ([]Migration, error) {
	return untilDone(ctx, func() ([]Migration, error) { return r.migrator.List(ctx) })
}

// NewerSchema returns the version of the schema if it is newer than this build,
// and otherwise 0.
func (r *KeyRepository) NewerSchema(ctx context.Context) (int64, error) {
	return untilDone(ctx, func() (int64, error) { return r.migrator.Newer(ctx) })
}

func newMigrator(maintenance, pool *sqlx.DB, in schema) (*sqlkit.Migrator, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60), lock.WithLockID(in.migrationLock()))
	if err != nil {
		return nil, err
	}
	applied := func(ctx context.Context) ([]int64, error) { return appliedVersions(ctx, pool) }
	return sqlkit.NewMigrator(goose.DialectPostgres, maintenance.DB, migrations, applied, goose.WithSessionLocker(locker))
}

func appliedVersions(ctx context.Context, pool *sqlx.DB) ([]int64, error) {
	var versions []int64
	err := pool.SelectContext(ctx, &versions, `SELECT version_id FROM `+sqlkit.VersionTable+` WHERE is_applied`)
	if failed := asServerError(err); failed != nil && failed.Code == pqerror.UndefinedTable {
		return nil, nil
	}
	return versions, translate(ctx, err)
}
