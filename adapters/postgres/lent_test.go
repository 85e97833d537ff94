package postgres_test

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"github.com/lib/pq"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// openDB opens a repository on a pool of the caller, which is closed after the
// repository.
func openDB(t testing.TB, dsn string, opts ...postgres.Option) (*postgres.KeyRepository, *sql.DB) {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	repo, err := postgres.OpenDB(t.Context(), db, opts...)
	if err != nil {
		t.Fatalf("OpenDB: %v", err)
	}
	t.Cleanup(func() {
		if err := repo.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if err := errors.Join(repo.Migrate(t.Context()), repo.Examine(t.Context()), repo.Ready(t.Context())); err != nil {
		t.Fatal(err)
	}
	return repo, db
}

// With a tracer, the store uses connections through another wrapper.
func TestOpenDB_TracedKeyRepositoryInASchema(t *testing.T) {
	t.Parallel()
	repo, _ := openDB(t, pgtest.NewDatabase(t), postgres.WithSchema("keys"), postgres.WithTracerProvider(noop.NewTracerProvider()),
		postgres.WithPatience(time.Minute))
	open := func(testing.TB) ports.KeyRepository { return repo }
	portstest.RunKeyRepository(t, open)
	portstest.RunKeyRepositoryConcurrency(t, open)
}

// The sessions that the caller uses are not those that the repository has set up.
func TestOpenDB_LeavesTheSessionsOfTheCallerAlone(t *testing.T) {
	t.Parallel()
	repo, db := openDB(t, pgtest.NewDatabase(t), postgres.WithSchema("keys"))
	createOne(t, repo)
	feed := repo.Follow()
	if changes, err := feed.Poll(t.Context()); err != nil || !changes.Lost {
		t.Errorf("the first poll gives %+v, %v", changes, err)
	}
	id := createOne(t, repo)
	if changes, err := feed.Poll(t.Context()); err != nil || changes.Lost || len(changes.Keys) != 1 || changes.Keys[0] != id {
		t.Errorf("the second poll gives %+v, %v, want the new key", changes, err)
	}
	if err := errors.Join(feed.Close(), repo.Close()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if n := db.Stats().InUse; n != 0 {
		t.Errorf("%d connections are still in use", n)
	}
	for range 30 {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		var scans, path string
		if err := errors.Join(
			conn.QueryRowContext(t.Context(), `SHOW enable_seqscan`).Scan(&scans),
			conn.QueryRowContext(t.Context(), `SHOW search_path`).Scan(&path)); err != nil || scans != "on" || path == "keys" {
			t.Errorf("a connection of the caller has enable_seqscan %s and search_path %s: %v", scans, path, err)
		}
	}
}

func TestOpenDB_RefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	connector, err := pq.NewConnector("postgres://u@127.0.0.1:1/keys?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	wrapped := sql.OpenDB(wrapper{connector})
	narrow := sql.OpenDB(connector)
	narrow.SetMaxOpenConns(10)
	t.Cleanup(func() { _ = errors.Join(wrapped.Close(), narrow.Close()) })
	for want, open := range map[string]func() (*postgres.KeyRepository, error){
		"without a wrapper":          func() (*postgres.KeyRepository, error) { return postgres.OpenDB(t.Context(), wrapped) },
		"allows 10 open connections": func() (*postgres.KeyRepository, error) { return postgres.OpenDB(t.Context(), narrow) },
		"cannot be combined": func() (*postgres.KeyRepository, error) {
			return postgres.OpenDB(t.Context(), narrow, postgres.WithStandby(""))
		},
		"the name of one schema": func() (*postgres.KeyRepository, error) {
			return postgres.OpenDB(t.Context(), sql.OpenDB(connector), postgres.WithSchema("a,b"))
		},
		"postgres: the *sql.DB allow": func() (*postgres.KeyRepository, error) { return postgres.OpenDB(t.Context(), narrow) },
	} {
		_, err := open()
		mustBeUnfit(t, err, want)
	}
	away := sql.OpenDB(connector)
	t.Cleanup(func() { _ = away.Close() })
	repo, err := postgres.OpenDB(t.Context(), away)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Find(t.Context(), "sk_live_0000000000000000"); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Find without a server gives %v, want ErrUnavailable", err)
	}
	if err := repo.Close(); err != nil {
		t.Error(err)
	}
}

type wrapper struct{ driver.Connector }

func (wrapper) Driver() driver.Driver { return wrappedDriver{} }

type wrappedDriver struct{ driver.Driver }
