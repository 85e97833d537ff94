package main

import (
	"context"
	"fmt"
	"log/slog"
	"text/tabwriter"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
)

type migrateCmd struct {
	Settings settings `embed:""`

	Up     migrateUpCmd     `cmd:"" help:"Apply pending migrations to APIKEYS_DATABASE_URL. It may run several times at once."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations, and whether each one is applied."`
}

// configure returns the configuration with the database to migrate, and prints the name
// of the database. The default database of serve does not apply, so that no database is
// migrated by accident.
func (c *migrateCmd) configure(given *inputs, io streams) (config.Config, error) {
	cfg := config.Config(c.Settings)
	kind, _ := cfg.Database()
	switch {
	case !given.set["APIKEYS_DATABASE_URL"]:
		given.fault("APIKEYS_DATABASE_URL", "is missing; set it to the database to migrate, such as sqlite:///absolute/path or postgres://user:password@host/name?sslmode=verify-full")
	case kind == config.StoreMemory:
		given.fault("APIKEYS_DATABASE_URL", "is memory://, which has no schema; there is nothing to migrate")
	}
	if err := given.judge(apikeys.ValidateStorage(cfg)); err != nil {
		return config.Config{}, err
	}
	_, err := fmt.Fprintln(io.out, "database: "+apikeys.DatabaseName(cfg))
	return cfg, err
}

type migrateUpCmd struct{}

// Run applies pending migrations.
func (migrateUpCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	cfg, err := of.Migrate.configure(given, io)
	if err != nil {
		return err
	}
	logger := slog.New(logHandler(cfg, io.err))
	if err := apikeys.Migrate(ctx, cfg, apikeys.WithLogger(logger)); err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, "the schema is up to date")
	return err
}

type migrateStatusCmd struct{}

// Run prints a line for each migration.
func (migrateStatusCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	cfg, err := of.Migrate.configure(given, io)
	if err != nil {
		return err
	}
	migrations, err := apikeys.Migrations(ctx, cfg)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, m := range migrations {
		state := "pending"
		if m.Applied {
			state = "applied"
		}
		if _, err := fmt.Fprintf(table, "%d\t%s\t%s\n", m.Version, state, m.Name); err != nil {
			return err
		}
	}
	return table.Flush()
}
