package acceptance

import (
	"database/sql"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	goclient "github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/logbook"
	"github.com/slaunchx/apikeys/test/migrated"
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
		databaseURL = migrated.SQLite(t)
		path := strings.TrimPrefix(databaseURL, "sqlite://")
		return databaseURL, "sqlite", "file:" + path + "?_pragma=busy_timeout(30000)&_pragma=ignore_check_constraints(ON)"
	},
	"postgres": func(t *testing.T) (databaseURL, driver, source string) {
		dsn := migrated.PostgreSQL(t)
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
		id, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
		beside, _ := w.newKey(t, keySpec{Name: "beside", Scopes: []string{"a:b"}})
		w.damage(t, `UPDATE api_keys SET name = '`+bidiName+`' WHERE id = '`+id+`'`)

		if got := w.reason(t, secret); got != "OK" {
			t.Errorf("the check says %s", got)
		}
		ctx, keys, keyID := t.Context(), w.manager(t), domain.KeyID(id)
		if _, err := keys.ListEvents(ctx, keyID, 0, 0); err != nil {
			t.Errorf("events: %v", err)
		}
		var names []string
		for key, err := range keys.Keys(ctx, goclient.KeyQuery{}) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, string(key.ID)+" "+key.Name)
		}
		slices.Sort(names)
		want := []string{id + " [unreadable name]", beside + " beside"}
		slices.Sort(want)
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("listed keys (-want +got):\n%s", diff)
		}
		scopes, name := []string{"a:b", "c:d"}, "Mended"
		for _, c := range []struct {
			name   string
			change func() error
			reason string
		}{
			{"disable", func() error { return keys.DisableKey(ctx, keyID) }, "DISABLED"},
			{"enable", func() error { return keys.EnableKey(ctx, keyID) }, "OK"},
			{"rotate", func() error { _, err := keys.RotateKey(ctx, keyID, time.Minute); return err }, "OK"},
			{"rescope", func() error { _, err := keys.UpdateKey(ctx, keyID, goclient.KeyPatch{Scopes: &scopes}); return err }, "OK"},
		} {
			if err := c.change(); err != nil || w.reason(t, secret) != c.reason {
				t.Errorf("%s: %v, and the check says %s, want %s", c.name, err, w.reason(t, secret), c.reason)
			}
		}
		if got := w.getKey(t, id).Name; got != "[unreadable name]" {
			t.Errorf("after other changes the name is %s", got)
		}
		if key, err := keys.UpdateKey(ctx, keyID, goclient.KeyPatch{Name: &name}); err != nil || key.Name != name {
			t.Errorf("rename: %v, %v", key, err)
		}
		if err := keys.DeleteKey(ctx, keyID); err != nil || w.reason(t, secret) != "NOT_FOUND" {
			t.Errorf("delete: %v, and the check says %s", err, w.reason(t, secret))
		}
		if got := w.log.String(); strings.Count(got, "apiKeyId="+id+" parts=name") != 1 || strings.Contains(got, "fdp") {
			t.Errorf("the damage is not logged once by its key alone:\n%s", got)
		}
	})
}

func TestDamagedExpiry_DeniesUntilItIsReplaced(t *testing.T) {
	onDamagedStores(t, func(t *testing.T, w damagedWorld) {
		id, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
		far := `9000000000000000000`
		if strings.HasSuffix(t.Name(), "postgres") {
			far = `'infinity'`
		}
		w.damage(t, `UPDATE api_keys SET expires_at = `+far+` WHERE id = '`+id+`'`)
		key := w.getKey(t, id)
		if got := w.reason(t, secret); got != "EXPIRED" || key.Status != domain.StatusExpired || !key.ExpiresAt.Equal(time.Unix(0, 0)) {
			t.Errorf("the check says %s, the key is %v and expires at %v", got, key.Status, key.ExpiresAt)
		}
		_, err := w.manager(t).UpdateKey(t.Context(), domain.KeyID(id), goclient.KeyPatch{ExpiresAt: new(time.Time)})
		if err != nil || w.reason(t, secret) != "OK" {
			t.Errorf("the change: %v, and the check says %s", err, w.reason(t, secret))
		}
	})
}

func TestDamagedEvent_IsShownWithTheRest(t *testing.T) {
	onDamagedStores(t, func(t *testing.T, w damagedWorld) {
		id, _ := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
		w.disableKey(t, id)
		if strings.HasSuffix(t.Name(), "postgres") {
			w.damage(t, `ALTER TABLE api_key_events DISABLE TRIGGER USER`)
		} else {
			w.damage(t, `DROP TRIGGER api_key_events_no_update`)
		}
		w.damage(t, `UPDATE api_key_events SET ip = '10.0.0.300', changes = '[1]' WHERE type = 'CREATED' AND api_key_id = '`+id+`'`)
		events := must(w.manager(t).ListEvents(t.Context(), domain.KeyID(id), 0, 0))(t).Events
		if len(events) != 2 {
			t.Fatalf("%d events, want 2", len(events))
		}
		if diff := cmp.Diff([]goclient.Change{{Field: "unreadable"}}, events[1].Changes); diff != "" || events[1].IP != "" {
			t.Errorf("the address is %q (-want +got):\n%s", events[1].IP, diff)
		}
	})
}
