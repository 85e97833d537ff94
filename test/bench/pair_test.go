package bench

import (
	"database/sql"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(replicaVariable) != "" {
		beReplica() // for a benchmark in another process
		return
	}
	pgtest.Main(m)
}

// newPair returns both sides, each with a database from newDatabase, and the service.
func newPair(t testing.TB, e engine, newDatabase func(testing.TB) string) (pair, *service) {
	t.Helper()
	bare := newBare(t, e, migrated(t, newDatabase(t)))
	service := newService(t, migrated(t, newDatabase(t)))
	return pair{bare: bare, service: service}, service
}

func migrated(t testing.TB, databaseURL string) string {
	t.Helper()
	if err := apikeys.Migrate(t.Context(), config.Config{DatabaseURL: config.Secret(databaseURL)}); err != nil {
		t.Fatal(err)
	}
	return databaseURL
}

func TestPair_WritesTheSameRows(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			var urls []string
			newDatabase := engine.volatile(t)
			p, _ := newPair(t, engine, func(t testing.TB) string {
				urls = append(urls, newDatabase(t))
				return urls[len(urls)-1]
			})
			take(t, p.bare, 3, 10)
			take(t, p.service, 3, 10)
			bare, service := kinds(t, engine, urls[0]), kinds(t, engine, urls[1])
			if len(bare) != 4 {
				t.Errorf("%d kinds of rows, want one in each of 4 tables", len(bare))
			}
			if diff := cmp.Diff(bare, service); diff != "" {
				t.Errorf("rows (-bare +service):\n%s", diff)
			}
		})
	}
}

// kinds counts the rows of each kind. Rows of one kind differ only in values that are
// unique per key, which have the same length.
func kinds(t *testing.T, e engine, databaseURL string) []string {
	t.Helper()
	db := e.open(t, databaseURL)
	var all []string
	for _, table := range []struct{ name, columns string }{
		{"api_key_counts", "workspace_id, living"},
		{"api_keys", "length(id), workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, expires_at, last_used_at, deleted_at"},
		{"api_key_secrets", "length(api_key_id), position, algorithm, pepper_id, length(digest), valid_until"},
		{"api_key_events", "length(api_key_id), length(event_id), workspace_id, type, account_id, portal, client_hash, ip, length(request_id), changes"},
	} {
		rows, err := db.QueryContext(t.Context(), "SELECT count(*), "+table.columns+" FROM "+table.name+" GROUP BY "+table.columns)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, texts(t, rows)...)
	}
	return all
}

// texts formats rows with any columns, and closes them.
func texts(t *testing.T, rows *sql.Rows) []string {
	t.Helper()
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(values))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
