package acceptance

import (
	"database/sql"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/logbook"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// damagedWorld is a world whose rows a test can damage directly.
type damagedWorld struct {
	*world

	log    *logbook.Book
	damage func(t *testing.T, statement string)
}

// sqlStores create databases that a test accesses directly. They return the URL
// for the service, and the driver and source of the test's own connection.
var sqlStores = map[string]func(t *testing.T) (databaseURL, driver, source string){
	"sqlite": func(t *testing.T) (databaseURL, driver, source string) {
		path := filepath.Join(t.TempDir(), "apikeys.db")
		return "sqlite://" + path, "sqlite", "file:" + path + "?_pragma=busy_timeout(30000)&_pragma=ignore_check_constraints(ON)"
	},
	"postgres": func(t *testing.T) (databaseURL, driver, source string) {
		dsn := pgtest.NewDatabase(t)
		return dsn, "postgres", dsn
	},
}

// onDamagedStores runs a case on each SQL store.
func onDamagedStores(t *testing.T, run func(t *testing.T, w damagedWorld)) {
	t.Helper()
	t.Parallel()
	for name, open := range sqlStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL, driver, source := open(t)
			var log logbook.Book
			w := newWorld(t, func(cfg *config.Config) { cfg.DatabaseURL = config.Secret(databaseURL) },
				apikeys.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			db, err := sql.Open(driver, source)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			run(t, damagedWorld{world: w, log: &log, damage: func(t *testing.T, statement string) {
				t.Helper()
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}})
		})
	}
}

// A name that cannot be displayed, as it may have been stored before such names
// were rejected.
const bidiName = "invoice\u202efdp.exe"

func TestDamagedName_KeepsNobodyFromTheKey(t *testing.T) {
	onDamagedStores(t, func(t *testing.T, w damagedWorld) {
		id, secret := w.newKey(t, `{"name":"k","scopes":["a:b"]}`)
		beside, _ := w.newKey(t, `{"name":"beside","scopes":["a:b"]}`)
		w.damage(t, `UPDATE api_keys SET name = '`+bidiName+`' WHERE id = '`+id+`'`)

		if got := w.reason(t, secret); got != "OK" {
			t.Errorf("the check says %s", got)
		}
		for name, r := range map[string]request{
			"get": w.manage(t, http.MethodGet, "/"+id), "list": w.list(t, ""), "events": w.events(t, id, ""),
		} {
			if a := do(t, r); a.status != http.StatusOK {
				t.Errorf("%s is answered %d %s", name, a.status, a.body)
			}
		}
		items := do(t, w.list(t, "?sort=createdAt,asc")).data(t)["items"].([]any)
		var names []string
		for _, item := range items {
			key := item.(map[string]any)
			names = append(names, key["apiKeyId"].(string)+" "+key["name"].(string))
		}
		slices.Sort(names)
		want := []string{id + " [unreadable name]", beside + " beside"}
		slices.Sort(want)
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("listed keys (-want +got):\n%s", diff)
		}
		for _, c := range []struct {
			name   string
			r      request
			status int
			reason string
		}{
			{"disable", w.manage(t, http.MethodPost, "/"+id+"/disable"), http.StatusOK, "DISABLED"},
			{"enable", w.manage(t, http.MethodPost, "/"+id+"/enable"), http.StatusOK, "OK"},
			{"rotate", w.rotate(t, id, `{"gracePeriodSeconds":60}`), http.StatusOK, "OK"},
			{"rescope", w.patch(t, id, `{"scopes":["a:b","c:d"]}`), http.StatusOK, "OK"},
		} {
			if a := do(t, c.r); a.status != c.status || w.reason(t, secret) != c.reason {
				t.Errorf("%s is answered %d %s, and the check says %s, want %s", c.name, a.status, a.body, w.reason(t, secret), c.reason)
			}
		}
		if a := do(t, w.manage(t, http.MethodGet, "/"+id)); a.data(t)["name"] != "[unreadable name]" {
			t.Errorf("after other changes the name is %v", a.data(t)["name"])
		}
		if a := do(t, w.patch(t, id, `{"name":"Mended"}`)); a.status != http.StatusOK || a.data(t)["name"] != "Mended" {
			t.Errorf("rename is answered %d %s", a.status, a.body)
		}
		if a := do(t, w.remove(t, id)); a.status != http.StatusNoContent || w.reason(t, secret) != "NOT_FOUND" {
			t.Errorf("delete is answered %d %s, and the check says %s", a.status, a.body, w.reason(t, secret))
		}
		if got := w.log.String(); strings.Count(got, "apiKeyId="+id+" parts=name") != 1 || strings.Contains(got, "fdp") {
			t.Errorf("the damage is not logged once by its key alone:\n%s", got)
		}
	})
}

func TestDamagedExpiry_DeniesUntilItIsReplaced(t *testing.T) {
	onDamagedStores(t, func(t *testing.T, w damagedWorld) {
		id, secret := w.newKey(t, `{"name":"k","scopes":["a:b"]}`)
		far := `9000000000000000000`
		if strings.HasSuffix(t.Name(), "postgres") {
			far = `'infinity'`
		}
		w.damage(t, `UPDATE api_keys SET expires_at = `+far+` WHERE id = '`+id+`'`)
		key := do(t, w.manage(t, http.MethodGet, "/"+id)).data(t)
		if got := w.reason(t, secret); got != "EXPIRED" || key["status"] != "EXPIRED" || key["expiresAt"] != "1970-01-01T00:00:00Z" {
			t.Errorf("the check says %s, the key is %v and expires at %v", got, key["status"], key["expiresAt"])
		}
		if a := do(t, w.patch(t, id, `{"expiresAt":null}`)); a.status != http.StatusOK || w.reason(t, secret) != "OK" {
			t.Errorf("the change is answered %d %s, and the check says %s", a.status, a.body, w.reason(t, secret))
		}
	})
}

func TestDamagedEvent_IsShownWithTheRest(t *testing.T) {
	onDamagedStores(t, func(t *testing.T, w damagedWorld) {
		id, _ := w.newKey(t, `{"name":"k","scopes":["a:b"]}`)
		do(t, w.manage(t, http.MethodPost, "/"+id+"/disable"))
		if strings.HasSuffix(t.Name(), "postgres") {
			w.damage(t, `ALTER TABLE api_key_events DISABLE TRIGGER USER`)
		} else {
			w.damage(t, `DROP TRIGGER api_key_events_no_update`)
		}
		w.damage(t, `UPDATE api_key_events SET ip = '10.0.0.300', changes = '[1]' WHERE type = 'CREATED' AND api_key_id = '`+id+`'`)
		a := do(t, w.events(t, id, ""))
		if a.status != http.StatusOK {
			t.Fatalf("answered %d %s", a.status, a.body)
		}
		items := a.data(t)["items"].([]any)
		created := items[1].(map[string]any)
		want := []any{map[string]any{"field": "unreadable", "old": nil, "new": nil}}
		if diff := cmp.Diff(want, created["changes"]); diff != "" || created["ip"] != nil || len(items) != 2 {
			t.Errorf("%d events, the address is %v (-want +got):\n%s", len(items), created["ip"], diff)
		}
	})
}
