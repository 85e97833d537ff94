package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Diagnosis is the result of [Diagnose].
type Diagnosis struct {
	Migrations []Migration
	// Newer is the version of a schema that is newer than this build, or 0.
	Newer int64
	// Peppers are the check values of the peppers that the file was used with.
	Peppers []domain.PepperCheck
	// SealingKeys is what depends on each sealing key.
	SealingKeys map[string]domain.SealingUse
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
	var rows []sqlkit.IdentifiedPepper
	if err := selectFrom(ctx, pool, "api_key_peppers", &rows, sqlkit.ListPeppers); err != nil {
		return d, err
	}
	d.Peppers = sqlkit.PepperChecks(rows)
	var sealed []sqlkit.SealedRow
	if err := selectFrom(ctx, pool, "api_key_webhooks", &sealed, sqlkit.SealedSecrets); err != nil {
		return d, err
	}
	d.SealingKeys = sqlkit.SealingUses(sealed, time.Now())
	return d, nil
}

// selectFrom selects rows of a table, or none if it does not exist.
func selectFrom(ctx context.Context, pool *sqlx.DB, table string, rows any, query string) error {
	var tables int
	err := pool.GetContext(ctx, &tables, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`, table)
	if err != nil || tables == 0 {
		return translate(ctx, err)
	}
	return translate(ctx, pool.SelectContext(ctx, rows, query))
}
