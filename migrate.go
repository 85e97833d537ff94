package apikeys

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	unreachable = "store unreachable, retrying"
	locked      = "waiting for locks to bring the schema up to date"
)

// whyRetried returns the log message for a migration that is retried after err.
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

// The delays between attempts to reach a store that is down at start.
const (
	firstRetry   = 100 * time.Millisecond
	longestRetry = 2 * time.Second
)

// examineTimeout is how long a start waits for a silent database.
const examineTimeout = 5 * time.Second

// examine returns [config.Faults] if the store cannot use its database until an
// operator changes something. A database that is unreachable now is examined later,
// whenever a connection is made.
func (s *Service) examine(ctx context.Context) error {
	if s.store.Schema == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	return s.fault(s.store.Schema.Examine(ctx))
}

// migrate brings the schema up to date within ctx. If the store is unreachable,
// it continues in the background.
func (s *Service) migrate(ctx context.Context) error {
	if s.store.Schema == nil || !s.migrates {
		s.schemaIsReady()
		return nil
	}
	err := s.store.Schema.Migrate(ctx)
	if err == nil {
		s.schemaIsReady()
		return nil
	}
	if !errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil {
		return s.fault(err)
	}
	s.logger.Warn(whyRetried(err), "error", err)
	s.background.Go(func() { s.migrateLater(s.running, err) })
	return nil
}

// migrateLater retries after a failed first attempt. It logs the error of an
// attempt whenever it changes.
func (s *Service) migrateLater(ctx context.Context, failed error) {
	logged := failed.Error()
	begun, late := time.Now(), false
	waits := retry.WithCappedDuration(longestRetry, retry.NewExponential(firstRetry))
	err := retry.Do(ctx, waits, func(ctx context.Context) error {
		err := application.Contained("bringing the schema up to date", func() error { return s.store.Schema.Migrate(ctx) })
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
	s.logger.Info("store reachable, schema up to date")
}

// schemaIsReady starts background work that needs an up-to-date schema.
func (s *Service) schemaIsReady() {
	s.migrated.Store(true)
	s.background.Go(func() { s.peppers.Run(s.running) })
	if s.sender != nil {
		s.background.Go(func() { s.sender.Run(s.running) })
		s.background.Go(func() { s.sender.Upkeep(s.running) })
	}
	if s.store.Schema != nil {
		s.background.Go(func() { s.noteNewerSchema(context.WithoutCancel(s.running)) })
	}
}

// noteNewerSchema logs that the schema is newer than this build. Such a schema
// is served, because rolling back a release means running its older build.
func (s *Service) noteNewerSchema(ctx context.Context) {
	var version int64
	err := application.Contained("looking for a newer schema", func() (err error) {
		version, err = s.store.Schema.NewerSchema(ctx)
		return err
	})
	switch {
	case err != nil:
		s.logger.Warn("cannot determine whether the schema is newer than this build", "error", err)
	case version > 0:
		s.logger.Warn("the schema is newer than this build, which serves it as it is", "version", version)
	}
}

// openedStore is a store that the service opened and must close.
type openedStore struct {
	Store
	io.Closer
}

// Migration is one step of the schema, and whether the store has applied it.
type Migration = sqlite.Migration

var errNoSchema = errors.New("APIKEYS_DATABASE_URL: no store with a schema")

func openStore(ctx context.Context, cfg config.Config, o *options) (openedStore, error) {
	switch kind, location := cfg.Database(); kind {
	case config.StoreMemory:
		keys := memory.NewKeyRepository()
		return openedStore{Store{
			Keys: keys, Changes: keys, Usage: keys, Foreign: keys,
			Limits: memory.NewLimitStore(o.now), Webhooks: memory.NewWebhookStore(keys, o.now),
		}, nothingToClose{}}, nil
	case config.StoreSQLite:
		keys, err := sqlite.Open(ctx, location.Reveal(), sqlite.WithTracerProvider(o.traces), sqlite.WithLogger(o.logger))
		if err != nil {
			return openedStore{}, asFault(err)
		}
		return openedStore{Store{Keys: keys, Changes: keys, Usage: keys, Foreign: keys, Limits: keys, Webhooks: keys, Schema: keys}, keys}, nil
	case config.StorePostgres:
		opts := []postgres.Option{postgres.WithTracerProvider(o.traces), postgres.WithLogger(o.logger)}
		if reads := cfg.ReadDatabaseURL.Reveal(); reads != "" {
			opts = append(opts, postgres.WithStandby(reads))
		}
		keys, err := postgres.Open(ctx, location.Reveal(), opts...)
		if err != nil {
			return openedStore{}, asFault(err)
		}
		return openedStore{Store{Keys: keys, Changes: keys, Usage: keys, Foreign: keys, Limits: keys, Webhooks: keys, Schema: keys}, keys}, nil
	}
	return openedStore{}, errNoSchema
}

type nothingToClose struct{}

func (nothingToClose) Close() error { return nil }

// fault returns err, as a fault of the configuration if the configuration names the
// store.
func (s *Service) fault(err error) error {
	if s.brought {
		return err
	}
	return asFault(err)
}

// asFault returns err as a fault of the configuration if the configured
// database cannot be used until an operator changes something. Otherwise it
// returns err.
func asFault(err error) error {
	if unfit, ok := errors.AsType[*postgres.UnfitError](err); ok {
		variable := "APIKEYS_DATABASE_URL"
		if unfit.Read {
			variable = "APIKEYS_READ_DATABASE_URL"
		}
		return config.Faults{{Variable: variable, Problem: unfit.Problem}}
	}
	if foreign, ok := errors.AsType[*sqlite.ForeignError](err); ok {
		return config.Faults{{Variable: "APIKEYS_DATABASE_URL", Problem: "names a file of another program: " + foreign.Error()}}
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

// DatabaseName describes the configured database for operators: its kind, and
// the path of its file, or its name, hosts and user. It does not contain the
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

// Migrate brings the schema of the configured store up to date. While other sessions
// have locked the tables, it waits for up to cfg.MigrateWait and logs which sessions
// those are. Of opts it uses only [WithLogger].
func Migrate(ctx context.Context, cfg config.Config, opts ...Option) error {
	o, err := newOptions(opts)
	if err != nil {
		return err
	}
	cfg.ReadDatabaseURL = ""
	opened, err := openStore(ctx, cfg, &options{logger: o.logger})
	if err != nil {
		return err
	}
	if opened.Schema == nil {
		return errNoSchema
	}
	return errors.Join(asFault(migrateWithin(ctx, cfg.MigrateWait, opened.Schema, o.logger)), opened.Close())
}

// migrateWithin retries while tables are locked, for up to wait.
func migrateWithin(ctx context.Context, wait time.Duration, schema ports.Schema, logger *slog.Logger) error {
	var logged string
	waits := retry.WithMaxDuration(wait, retry.WithCappedDuration(longestRetry, retry.NewExponential(firstRetry)))
	return retry.Do(ctx, waits, func(ctx context.Context) error {
		err := schema.Migrate(ctx)
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

// Migrations lists the steps of the configured store's schema, oldest first. It
// changes nothing, and does not create a missing database.
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
