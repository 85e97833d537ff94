package apikeys

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"syscall"

	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/ports"
)

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
		return postgres.Open(ctx, location.Reveal(), postgres.WithStandby(reads),
			postgres.WithTracerProvider(traces), postgres.WithLogger(o.logger))
	}
	return openSchemaStore(ctx, kind, location.Reveal(), o, traces)
}

func openSchemaStore(ctx context.Context, kind config.Store, location string, o *options, traces trace.TracerProvider) (schemaStore, error) {
	switch kind {
	case config.StoreSQLite:
		s, err := sqlite.Open(ctx, location, sqlite.WithTracerProvider(traces))
		if err != nil {
			return nil, asFault(err)
		}
		return s, nil
	case config.StorePostgres:
		return postgres.Open(ctx, location, postgres.WithTracerProvider(traces), postgres.WithLogger(o.logger))
	}
	return nil, errNoSchema
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
	if !ok || !slices.ContainsFunc(misplaced, func(cause error) bool { return errors.Is(path, cause) }) {
		return err
	}
	return config.Faults{{
		Variable: "APIKEYS_DATABASE_URL",
		Problem:  path.Error() + "; name a file in a directory that exists and that the service may write to",
	}}
}

// misplaced are the causes that last until the path or its permissions are
// corrected, unlike a disk that is full or read-only.
var misplaced = []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EISDIR}

// Migrate brings the schema of the configured store up to date. Of opts it uses
// [WithLogger] alone.
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
	return errors.Join(asFault(s.Migrate(ctx)), s.Close())
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
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	list, err = s.Migrations(ctx)
	return list, asFault(err)
}
