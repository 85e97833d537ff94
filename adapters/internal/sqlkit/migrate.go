package sqlkit

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pressly/goose/v3"
)

// VersionTable is the table of applied migrations. Its name differs from
// goose's default, so that an embedder's migrations can use the same database.
const VersionTable = "apikeys_schema_versions"

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string // of NNNNN_name.sql
	Applied bool
}

// Migrator migrates a schema to the version of this build. It is safe for
// concurrent use.
type Migrator struct {
	provider *goose.Provider
	tables   []string
	applied  func(ctx context.Context) ([]int64, error)
	current  atomic.Bool // the schema has been that of this build or a newer one
}

// NewMigrator returns the migrator of the files named NNNNN_name.sql in the
// folder migrations of files. applied returns the versions in [VersionTable],
// or none if that table does not exist.
func NewMigrator(dialect goose.Dialect, db *sql.DB, files fs.FS, applied func(ctx context.Context) ([]int64, error), options ...goose.ProviderOption) (*Migrator, error) {
	folder, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	options = append(options, goose.WithTableName(VersionTable), goose.WithDisableGlobalRegistry(true))
	provider, err := goose.NewProvider(dialect, db, folder, options...)
	if err != nil {
		return nil, fmt.Errorf("embedded migrations: %w", err)
	}
	tables, err := tablesOf(folder)
	if err != nil {
		return nil, err
	}
	return &Migrator{provider: provider, tables: tables, applied: applied}, nil
}

func tablesOf(folder fs.FS) (tables []string, err error) {
	files, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if creation, ok := strings.CutPrefix(line, "CREATE TABLE "); ok {
				name, _, _ := strings.Cut(strings.TrimPrefix(creation, "IF NOT EXISTS "), " ")
				tables = append(tables, name)
			}
		}
	}
	return tables, nil
}

// Tables returns the tables that the migrations create. They do not include
// [VersionTable], which is created before them.
func (m *Migrator) Tables() []string { return m.tables }

// Up applies missing migrations. It does not change a schema that is newer than
// this build.
func (m *Migrator) Up(ctx context.Context) error {
	_, err := m.provider.Up(ctx)
	if err == nil {
		m.current.Store(true)
	}
	return err
}

// require returns nil if the schema is that of this build or a newer one. Once it is,
// require no longer asks the database, because no migration is ever reverted.
func (m *Migrator) require(ctx context.Context) error {
	if m.current.Load() {
		return nil
	}
	err := m.Current(ctx)
	if err == nil {
		m.current.Store(true)
	}
	return err
}

// List returns the migrations of this build in their order. It changes nothing.
func (m *Migrator) List(ctx context.Context) ([]Migration, error) {
	applied, err := m.applied(ctx)
	if err != nil {
		return nil, err
	}
	done := make(map[int64]bool, len(applied))
	for _, version := range applied {
		done[version] = true
	}
	sources := m.provider.ListSources()
	list := make([]Migration, len(sources))
	for i, s := range sources {
		_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(s.Path), ".sql"), "_")
		list[i] = Migration{Version: s.Version, Name: name, Applied: done[s.Version]}
	}
	return list, nil
}

// Current returns nil if every migration of this build is applied. There may be
// newer ones, since an older build must work beside a newer one during a
// roll-out.
func (m *Migrator) Current(ctx context.Context) error {
	list, err := m.List(ctx)
	if err != nil {
		return err
	}
	for _, migration := range list {
		if !migration.Applied {
			return fmt.Errorf("schema is not migrated: version %d (%s) is missing", migration.Version, migration.Name)
		}
	}
	return nil
}

// Newer returns the version of the schema if it is newer than this build, and
// otherwise 0.
func (m *Migrator) Newer(ctx context.Context) (int64, error) {
	applied, err := m.applied(ctx)
	if err != nil || len(applied) == 0 {
		return 0, err
	}
	sources := m.provider.ListSources()
	newest := slices.Max(applied)
	if newest <= sources[len(sources)-1].Version {
		return 0, nil
	}
	return newest, nil
}
