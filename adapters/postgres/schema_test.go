package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3/lock"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/pgtest"
)

const foreignTable = `CREATE TABLE api_keys (id serial PRIMARY KEY, token text)`

// inSchema returns the DSN of a schema that does not exist yet, in a database with
// tables of another program.
func inSchema(t testing.TB) string {
	t.Helper()
	dsn := pgtest.NewDatabase(t)
	if err := addForeignTables(dsn); err != nil {
		t.Fatal(err)
	}
	return dsn + searchPathKeys
}

const searchPathKeys = "&search_path=keys"

func addForeignTables(dsn string) error {
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), foreignTable+`; CREATE TABLE idempotency_keys (key text); CREATE TABLE api_key_events (id int)`)
	return errors.Join(err, db.Close())
}

var migratedSchema = pgtest.NewTemplate(func(dsn string) error {
	if err := addForeignTables(dsn); err != nil {
		return err
	}
	repo, err := postgres.Open(context.Background(), dsn+searchPathKeys)
	if err != nil {
		return err
	}
	return errors.Join(repo.Migrate(context.Background()), repo.Close())
})

// migratedInSchema is like inSchema, except that the schema exists and is current.
func migratedInSchema(t testing.TB) string {
	t.Helper()
	return migratedSchema.NewDatabase(t) + searchPathKeys
}

func TestSchema_HasEverythingOfTheStore(t *testing.T) {
	t.Parallel()
	dsn := inSchema(t)
	repo := openDSN(t, dsn)
	createOne(t, repo)
	db := sqlx.MustConnect("postgres", dsn)
	t.Cleanup(func() { _ = db.Close() })
	for what, query := range map[string]string{
		"tables":    `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relkind = 'r'`,
		"functions": `SELECT count(*) FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = $1`,
		"triggers":  `SELECT count(*) FROM pg_trigger g JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1`,
	} {
		var ours, others int
		if err := errors.Join(db.Get(&ours, query, "keys"), db.Get(&others, query, "public")); err != nil {
			t.Fatal(err)
		}
		want := 0
		if what == "tables" {
			want = 3
		}
		if ours == 0 || others != want {
			t.Errorf("%d %s in the schema, want some, and %d in public, want %d", ours, what, others, want)
		}
	}
}

// Two services that use two schemas of one database do not know of each other.
func TestSchema_DoesNotDisturbAnother(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	db := sqlx.MustConnect("postgres", dsn)
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// The lock of a migration in public, or of the embedder's own migrations.
	if _, err := conn.ExecContext(t.Context(), `SELECT pg_advisory_lock($1)`, lock.DefaultLockID); err != nil {
		t.Fatal(err)
	}
	one, other := openDSN(t, dsn+"&search_path=one"), openDSN(t, dsn+"&search_path=other")

	listener := pq.NewListener(dsn, time.Second, time.Second, nil)
	t.Cleanup(func() { _ = listener.Close() })
	if err := errors.Join(listener.Listen("apikeys_changes_one"), listener.Listen("apikeys_changes_other")); err != nil {
		t.Fatal(err)
	}
	id := createOne(t, one)
	copied, err := one.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Create(t.Context(), copied, copied.Created("event-2", domain.Author{}), ports.CreateOptions{}); err != nil {
		t.Fatalf("the same key in another schema: %v", err)
	}
	idempotency := &ports.Idempotency{Key: "order-42", At: time.Now(), Until: time.Now().Add(time.Hour)}
	disable := func(repo *postgres.KeyRepository, meanwhile func() error) error {
		return repo.Update(context.WithoutCancel(t.Context()), copied.Snapshot().Workspace, id, func(key *domain.APIKey) (domain.Event, error) {
			return key.Disable("event-3", domain.Author{}, time.Now()), meanwhile()
		}, ports.UpdateOptions{Idempotency: idempotency})
	}
	err = disable(one, func() error { return disable(other, func() error { return nil }) })
	if err != nil {
		t.Fatalf("an idempotency key that is in flight in another schema: %v", err)
	}
	for _, want := range []string{"apikeys_changes_other", "apikeys_changes_one"} { // as they committed
		if got := <-listener.Notify; got == nil || got.Channel != want {
			t.Errorf("notified %+v, want %s", got, want)
		}
	}
}

func TestExamine_TablesOfAnotherProgram(t *testing.T) {
	t.Parallel()
	for name, foreign := range map[string]string{
		"api_keys":         foreignTable,
		"idempotency_keys": `CREATE TABLE idempotency_keys (key text)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := pgtest.NewDatabase(t)
			execute(t, dsn, foreign)
			repo := openUnmigrated(t, dsn)
			for _, err := range []error{repo.Examine(t.Context()), repo.Migrate(t.Context())} {
				mustBeUnfit(t, err, `schema "public"`, "another program has a table "+name, "search_path=")
			}
			db := sqlx.MustConnect("postgres", dsn)
			t.Cleanup(func() { _ = db.Close() })
			var tables int
			if err := db.Get(&tables, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); err != nil || tables != 1 {
				t.Errorf("there are %d tables, %v, want that of the other program alone", tables, err)
			}
		})
	}
}

func TestOpen_RefusesASearchPathThatIsNotOneSchema(t *testing.T) {
	t.Parallel()
	const dsn = "postgres://u@db/keys?sslmode=require&search_path="
	for _, path := range []string{"keys,public", "$user", `"keys"`, "Keys", "pg_temp", "1st", "a234567890123456789012345678901234567890123456789"} {
		mustBeUnfit(t, postgres.ValidateDSN(dsn+path), "search_path", "the name of one schema")
	}
	for _, path := range []string{"keys", "_k1", "a2345678901234567890123456789012345678901234567"} {
		if err := errors.Join(postgres.ValidateDSN(dsn+path), postgres.ValidateStandbyDSN(dsn+path)); err != nil {
			t.Errorf("search_path=%s: %v", path, err)
		}
	}
	if got, want := postgres.DatabaseName(dsn+"keys"), `schema "keys" of database "keys" at db:5432, as user "u"`; got != want {
		t.Errorf("DatabaseName gives %q, want %q", got, want)
	}
}
