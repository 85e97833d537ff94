package guides

import (
	"database/sql"
	"testing"

	_ "github.com/lib/pq" // the driver

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Statements for operators run on a database of the service.
func TestDocs_Statements(t *testing.T) {
	t.Parallel()
	location := pgtest.NewDatabase(t)
	cfg := config.Default()
	cfg.DatabaseURL = config.Secret(location)
	if err := apikeys.Migrate(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("postgres", location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ran := 0
	for _, path := range []string{"docs/operations.md", "SECURITY.md"} {
		for _, b := range blocksIn(t, path) {
			if b.language != "sql" || b.heading == "PostgreSQL" { // which makes roles and databases of the whole server
				continue
			}
			if _, err := db.ExecContext(t.Context(), b.text); err != nil {
				t.Errorf("%s, %s: %v\n%s", path, b.heading, err, b.text)
			}
			ran++
		}
	}
	if ran < 4 {
		t.Errorf("%d blocks of statements were run, want 4 at least", ran)
	}
}
