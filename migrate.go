package apikeys

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/sethvargo/go-retry"
	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// migrator is a store that brings its own schema up to date.
type migrator interface {
	Migrate(ctx context.Context) error
}

// examined is a store that can tell whether it can work with its database.
type examined interface {
	Examine(ctx context.Context) error
}

// newerSchema is a store that knows of a schema that is newer than its build.
type newerSchema interface {
	NewerSchema(ctx context.Context) (version int64, err error)
}

const (
	unreachable = "store unreachable, retrying"
	locked      = "waiting for locks to bring the schema up to date"
)

// whyRetried returns what to log of a migration that is tried again after err.
func whyRetried(err error) string {
	if isLocked(err) {
		return locked
	}
	return unreachable
}

func isLocked(err error) bool {
	_, ok := errors.AsType[*postgres.LockedError](err)
	return ok
}

// Bounds of the wait between two attempts to reach a store that is down at start.
const (
	firstRetry   = 100 * time.Millisecond
	longestRetry = 2 * time.Second
)

// examineTimeout bounds how long a start waits for a database that is silent.
const examineTimeout = 5 * time.Second

// examine returns [config.Faults] if the store can only work with its database
// once an operator has changed something. A database that cannot be reached now
// is examined later, at each connection.
func (s *Service) examine(ctx context.Context) error {
	store, ok := s.repository.(examined)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	faults, _ := errors.AsType[config.Faults](asFault(store.Examine(ctx)))
	return faults.Err()
}

// migrate brings the schema up to date within ctx, or, while the store cannot
// be reached, goes on in the background.
func (s *Service) migrate(ctx context.Context) error {
	store, ok := s.repository.(migrator)
	if !ok || !s.migrates {
		s.schemaIsReady()
		return nil
	}
	err := store.Migrate(ctx)
	if err == nil {
		s.schemaIsReady()
		return nil
	}
	if !errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil {
		return asFault(err)
	}
	s.logger.Warn(whyRetried(err), "error", err)
	s.background.Go(func() { s.migrateLater(s.running, store, err) })
	return nil
}

// migrateLater goes on after a first attempt that failed. It logs why an
// attempt fails whenever that changes.
func (s *Service) migrateLater(ctx context.Context, store migrator, failed error) {
	logged := failed.Error()
	begun, late := time.Now(), false
	waits := retry.WithCappedDuration(longestRetry, retry.NewExponential(firstRetry))
	err := retry.Do(ctx, waits, func(ctx context.Context) error {
		err := application.Contained("bringing the schema up to date", func() error { return store.Migrate(ctx) })
		if errors.Is(err, domain.ErrUnavailable) {
			if text := err.Error(); text != logged && ctx.Err() == nil {
				s.logger.Warn(whyRetried(err), "error", err)
				logged = text
			}
			if isLocked(err) && !late && time.Since(begun) > s.migrateWait {
				s.logger.Error("the schema is still not up to date; the service is not ready", "error", err)
				late = true
			}
			return retry.RetryableError(err)
		}
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			s.logger.Error("the schema cannot be brought up to date", "error", err)
		}
		return
	}
	s.schemaIsReady()
	s.logger.Info("the store is reached and its schema up to date")
}

// schemaIsReady begins what needs an up-to-date schema.
func (s *Service) schemaIsReady() {
	s.migrated.Store(true)
	s.background.Go(func() { s.peppers.Run(s.running) })
	if store, ok := s.repository.(newerSchema); ok {
		s.background.Go(func() { s.noteNewerSchema(context.WithoutCancel(s.running), store) })
	}
}

// noteNewerSchema tells of a schema that is newer than this build. It is
// served, since the way back of a release is its older build.
func (s *Service) noteNewerSchema(ctx context.Context, store newerSchema) {
	var version int64
	err := application.Contained("looking for a newer schema", func() (err error) {
		version, err = store.NewerSchema(ctx)
		return err
	})
	switch {
	case err != nil:
		s.logger.Warn("it is not known whether the schema is newer than this build", "error", err)
	case version > 0:
		s.logger.Warn("the schema is newer than this build, which serves it as it is", "version", version)
	}
}

// store is a repository that the service opened and must close.
type store interface {
	ports.KeyRepository
	Close() error
}

// schemaStore is a store with a schema that changes from version to version.
type schemaStore interface {
	store
	Migrate(ctx context.Context) error
}

// Migration is one step of the schema and whether the store has taken it.
type Migration = sqlite.Migration

var errNoSchema = errors.New("APIKEYS_DATABASE_URL: no store with a schema")

// memoryStore is kept nowhere and needs no closing.
type memoryStore struct{ *memory.KeyRepository }

func (memoryStore) Close() error { return nil }

func openStore(ctx context.Context, cfg config.Config, o *options, traces trace.TracerProvider) (store, error) {
	kind, location := cfg.Database()
	if kind == config.StoreMemory {
		return memoryStore{memory.NewKeyRepository()}, nil
	}
	if reads := cfg.ReadDatabaseURL.Reveal(); kind == config.StorePostgres && reads != "" {
		return openPostgres(ctx, location.Reveal(), postgres.WithStandby(reads),
			postgres.WithTracerProvider(traces), postgres.WithLogger(o.logger))
	}
	return openSchemaStore(ctx, kind, location.Reveal(), o, traces)
}

func openSchemaStore(ctx context.Context, kind config.Store, location string, o *options, traces trace.TracerProvider) (schemaStore, error) {
	switch kind {
	case config.StoreSQLite:
		s, err := sqlite.Open(ctx, location, sqlite.WithTracerProvider(traces), sqlite.WithLogger(o.logger))
		if err != nil {
			return nil, asFault(err)
		}
		return s, nil
	case config.StorePostgres:
		return openPostgres(ctx, location, postgres.WithTracerProvider(traces), postgres.WithLogger(o.logger))
	}
	return nil, errNoSchema
}

func openPostgres(ctx context.Context, location string, opts ...postgres.Option) (schemaStore, error) {
	s, err := postgres.Open(ctx, location, opts...)
	if err != nil {
		return nil, asFault(err)
	}
	return s, nil
}

// asFault returns err as a fault of the configuration if the configured database
// cannot be used until an operator changes something, and else err itself.
func asFault(err error) error {
	if unfit, ok := errors.AsType[*postgres.UnfitError](err); ok {
		variable := "APIKEYS_DATABASE_URL"
		if unfit.Read {
			variable = "APIKEYS_READ_DATABASE_URL"
		}
		return config.Faults{{Variable: variable, Problem: unfit.Problem}}
	}
	path, ok := errors.AsType[*fs.PathError](err)
	if !ok || !errors.Is(err, sqlite.ErrMisplaced) {
		return err
	}
	return config.Faults{{
		Variable: "APIKEYS_DATABASE_URL",
		Problem:  path.Error() + "; name a file in a directory that exists and that the service may write to",
	}}
}

// DatabaseName returns what an operator recognizes the configured database by:
// its kind, and the path of its file or its name, hosts and user. It shows no
// password.
func DatabaseName(cfg config.Config) string {
	switch kind, location := cfg.Database(); kind {
	case config.StoreSQLite:
		path, err := filepath.Abs(location.Reveal())
		if err != nil {
			path = location.Reveal()
		}
		return "SQLite file " + path
	case config.StorePostgres:
		return "PostgreSQL " + postgres.DatabaseName(location.Reveal())
	case config.StoreMemory:
		return "memory"
	}
	return "unknown"
}

// Migrate brings the schema of the configured store up to date. While others have
// locked the tables, it waits for up to cfg.MigrateWait and logs what for. Of opts
// it uses [WithLogger] alone.
func Migrate(ctx context.Context, cfg config.Config, opts ...Option) error {
	o, err := newOptions(opts)
	if err != nil {
		return err
	}
	kind, location := cfg.Database()
	s, err := openSchemaStore(ctx, kind, location.Reveal(), o, nil)
	if err != nil {
		return err
	}
	return errors.Join(asFault(migrateWithin(ctx, cfg.MigrateWait, s, o.logger)), s.Close())
}

// migrateWithin tries again while tables are locked, for as long as wait.
func migrateWithin(ctx context.Context, wait time.Duration, store migrator, logger *slog.Logger) error {
	var logged string
	waits := retry.WithMaxDuration(wait, retry.WithCappedDuration(longestRetry, retry.NewExponential(firstRetry)))
	return retry.Do(ctx, waits, func(ctx context.Context) error {
		err := store.Migrate(ctx)
		if !isLocked(err) {
			return err
		}
		if text := err.Error(); text != logged {
			logger.Warn(locked, "error", err)
			logged = text
		}
		return retry.RetryableError(err)
	})
}

// Migrations lists the steps of the configured store's schema, oldest first.
// It changes nothing, and makes no database where there is none.
func Migrations(ctx context.Context, cfg config.Config) ([]Migration, error) {
	switch kind, location := cfg.Database(); kind {
	case config.StoreSQLite:
		list, err := sqlite.Migrations(ctx, location.Reveal())
		return list, asFault(err)
	case config.StorePostgres:
		return postgresMigrations(ctx, location.Reveal())
	default:
		return nil, errNoSchema
	}
}

func postgresMigrations(ctx context.Context, location string) (list []Migration, err error) {
	s, err := postgres.Open(ctx, location)
	if err != nil {
		return nil, asFault(err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	list, err = s.Migrations(ctx)
	return list, asFault(err)
}
