package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Diagnosis is what [Diagnose] finds.
type Diagnosis struct {
	Migrations []Migration
	// Newer is the version of a schema that is newer than this build, or 0.
	Newer int64
	// Peppers are the check values of the peppers that the file was used with.
	Peppers []domain.PepperCheck
}

// Diagnose examines the database file at path. It changes nothing. If the folder exists
// but the file does not, it returns the steps of the schema as not applied, and does
// not create the file.
func Diagnose(ctx context.Context, path string) (d Diagnosis, err error) {
	pool, err := openLooker(path)
	if err != nil {
		return d, fmt.Errorf("look at SQLite database: %w", err)
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	migrator, err := newMigrator(pool, pool)
	if err != nil {
		return d, err
	}
	if d.Migrations, err = migrator.List(ctx); err != nil {
		return d, err
	}
	if d.Newer, err = migrator.Newer(ctx); err != nil {
		return d, err
	}
	var tables int
	err = pool.GetContext(ctx, &tables, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'api_key_peppers'`)
	if err != nil || tables == 0 {
		return d, translate(ctx, err)
	}
	var rows []sqlkit.IdentifiedPepper
	if err := pool.SelectContext(ctx, &rows, sqlkit.ListPeppers); err != nil {
		return d, translate(ctx, err)
	}
	d.Peppers = sqlkit.PepperChecks(rows)
	return d, nil
}
