package acceptance

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/postgres"
	goclient "github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/serving"
)

// Until somebody has migrated the database, the service is not ready, and every
// request that needs the database says so.
func TestService_OnAnEmptyDatabaseThatItMustNotMigrate(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"sqlite", "postgres"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(cfg *config.Config) {
				cfg.DatabaseURL, cfg.Migrate = config.Secret(emptyStores[store](t)), config.MigrateOff
			})
			const id = "sk_live_0000000000000000"
			ctx, keys := t.Context(), w.manager(t)
			for name, request := range map[string]func() error{
				"create":  func() error { _, err := keys.CreateKey(ctx, keySpec{Name: "Production Key"}); return err },
				"list":    func() error { _, err := keys.ListKeys(ctx, goclient.KeyQuery{}); return err },
				"get":     func() error { _, err := keys.GetKey(ctx, id); return err },
				"update":  func() error { _, err := keys.UpdateKey(ctx, id, goclient.KeyPatch{}); return err },
				"disable": func() error { return keys.DisableKey(ctx, id) },
				"rotate":  func() error { _, err := keys.RotateKey(ctx, id, 0); return err },
				"events":  func() error { _, err := keys.ListEvents(ctx, id, 0, 0); return err },
				"usage":   func() error { _, err := keys.KeyUsage(ctx, id, domain.DayRange{}); return err },
				"limits":  func() error { _, err := keys.KeyLimits(ctx, id); return err },
				"delete":  func() error { return keys.DeleteKey(ctx, id) },
			} {
				if err := request(); codeOf(t, err) != "5030" {
					t.Errorf("%s: %v, want 5030", name, err)
				}
			}
			if got := do(t, w.verify(`{"key":"`+unknownSecret(t)+`"}`)); got.status != http.StatusServiceUnavailable {
				t.Errorf("verify is answered %d: %s", got.status, got.body)
			}
			if err := w.service.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "schema is not migrated") {
				t.Errorf("Ready() = %v, want that the schema is not migrated", err)
			}
		})
	}
}

// lockedDatabase returns the URL of a database whose tables another session has
// locked, as pg_dump does, while a migration is missing. unlock ends that.
func lockedDatabase(t *testing.T) (location string, unlock func()) {
	t.Helper()
	location = pgtest.NewDatabase(t)
	cfg := config.Default()
	cfg.DatabaseURL = config.Secret(location)
	if err := apikeys.Migrate(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	db := sqlx.MustConnect("postgres", location)
	t.Cleanup(func() { _ = db.Close() })
	db.MustExecContext(t.Context(), `DELETE FROM apikeys_schema_versions WHERE version_id >= 2`)
	dump := db.MustBeginTx(t.Context(), nil)
	dump.MustExecContext(t.Context(), `SELECT FROM api_keys`)
	return location, sync.OnceFunc(func() { _ = dump.Rollback() })
}

func TestMigrate_WaitsForLocks(t *testing.T) {
	t.Parallel()
	location, unlock := lockedDatabase(t)
	cfg := config.Default()
	cfg.DatabaseURL, cfg.MigrateWait = config.Secret(location), 0
	if _, ok := errors.AsType[*postgres.LockedError](apikeys.Migrate(t.Context(), cfg)); !ok {
		t.Error("without time to wait it does not say that a table is locked")
	}

	cfg.MigrateWait = time.Minute
	said := &watchedLog{want: "waiting for locks", found: unlock}
	if err := apikeys.Migrate(t.Context(), cfg, apikeys.WithLogger(slog.New(said))); err != nil {
		t.Errorf("Migrate() = %v once the lock is gone", err)
	}
	if !strings.Contains(said.text, "api_keys, by process ") {
		t.Errorf("the log does not say who has locked what: %s", said.text)
	}
}

func TestNew_GoesOnWaitingForLocks(t *testing.T) {
	t.Parallel()
	location, unlock := lockedDatabase(t)
	cfg := serving.ConfigTrusting(t, jwttest.NewIssuer(t))
	cfg.DatabaseURL, cfg.MigrateWait = config.Secret(location), time.Nanosecond
	said := &watchedLog{want: "the schema is still not up to date", found: unlock}
	service, err := apikeys.New(t.Context(), cfg, apikeys.WithLogger(slog.New(said)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for service.Ready(ctx) != nil {
		if ctx.Err() != nil {
			t.Fatal("the service is not ready after the lock is gone")
		}
	}
}

// watchedLog calls found once a message that contains want is logged.
type watchedLog struct {
	slog.Handler
	want  string
	found func()

	mu   sync.Mutex
	text string // of that message, with its attributes
}

func (*watchedLog) Enabled(context.Context, slog.Level) bool { return true }

func (l *watchedLog) Handle(_ context.Context, record slog.Record) error {
	if !strings.Contains(record.Message, l.want) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = record.Message
	record.Attrs(func(a slog.Attr) bool {
		l.text += " " + a.String()
		return true
	})
	l.found()
	return nil
}
