package acceptance

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/migrated"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/pooler"
	"github.com/slaunchx/apikeys/test/serving"
)

const otherPepper = "p1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// usedBefore returns the URL of a database that a service has used.
func usedBefore(t *testing.T, cfg config.Config, location string) config.Secret {
	t.Helper()
	cfg.DatabaseURL = config.Secret(location)
	service, err := apikeys.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := service.ComparePeppers(t.Context()); err != nil { // remembers them
		t.Fatal(err)
	}
	if cfg.SealingKeys != "" {
		_, err := service.OperatorWorkspace("tester", workspace, domain.Origin{}).CreateWebhook(t.Context(), domain.WebhookSpec{URL: "https://hooks.example.com/"})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := service.Close(); err != nil {
		t.Fatal(err)
	}
	return cfg.DatabaseURL
}

func usedPostgres(t *testing.T, cfg *config.Config) *sqlx.DB {
	t.Helper()
	cfg.DatabaseURL = usedBefore(t, *cfg, migrated.PostgreSQL(t))
	db := sqlx.MustConnect("postgres", cfg.DatabaseURL.Reveal())
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// asReader makes the service use a role that may only read.
func asReader(t *testing.T, cfg *config.Config) {
	t.Helper()
	db := usedPostgres(t, cfg)
	u, err := url.Parse(cfg.DatabaseURL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	role := "reader_of_" + strings.TrimPrefix(u.Path, "/")
	db.MustExecContext(t.Context(), `CREATE ROLE `+role+` LOGIN PASSWORD 'reads'; GRANT USAGE ON SCHEMA public TO `+role+`; GRANT SELECT ON ALL TABLES IN SCHEMA public TO `+role)
	t.Cleanup(func() { db.MustExec(`DROP OWNED BY ` + role + `; DROP ROLE ` + role) })
	u.User = url.UserPassword(role, "reads")
	cfg.DatabaseURL = config.Secret(u.String())
}

func TestDiagnose_FindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	for name, c := range map[string]struct {
		change func(t *testing.T, cfg *config.Config)
		clock  time.Duration // ahead of the real one
		check  string
		status apikeys.FindingStatus
		detail string
	}{
		"an unreachable server": {
			change: func(_ *testing.T, cfg *config.Config) {
				cfg.DatabaseURL = "postgres://service:hunter2@127.0.0.1:1/keys?sslmode=disable"
			},
			check: "database", status: apikeys.FindingFail, detail: "refused",
		},
		"an unknown scheme": {
			change: func(_ *testing.T, cfg *config.Config) { cfg.DatabaseURL = "mysql://127.0.0.1/keys" },
			check:  "database", status: apikeys.FindingFail, detail: "no known scheme",
		},
		"keys in memory": {
			change: func(*testing.T, *config.Config) {},
			check:  "database", status: apikeys.FindingWarn, detail: "lost at exit",
		},
		"another encoding": {
			change: func(t *testing.T, cfg *config.Config) { cfg.DatabaseURL = config.Secret(newDatabaseIn(t, "LATIN1")) },
			check:  "encoding", status: apikeys.FindingFail, detail: "LATIN1",
		},
		"a pooler that shares connections": {
			change: func(t *testing.T, cfg *config.Config) {
				usedPostgres(t, cfg)
				cfg.DatabaseURL = config.Secret(pooler.Start(t, cfg.DatabaseURL.Reveal(), pooler.Transaction, 25).URL())
			},
			check: "pooler", status: apikeys.FindingFail, detail: "shares server connections",
		},
		"a role that may only read": {
			change: asReader,
			check:  "privileges", status: apikeys.FindingFail, detail: "INSERT on api_keys, UPDATE on api_keys",
		},
		"a newer schema": {
			change: func(t *testing.T, cfg *config.Config) {
				usedPostgres(t, cfg).MustExecContext(t.Context(), `INSERT INTO apikeys_schema_versions (version_id, is_applied) VALUES (9999, true)`)
			},
			check: "schema", status: apikeys.FindingWarn, detail: "9999",
		},
		"pending migrations": {
			change: func(t *testing.T, cfg *config.Config) { cfg.DatabaseURL = config.Secret(pgtest.NewDatabase(t)) },
			check:  "migrations", status: apikeys.FindingWarn, detail: "1, 2",
		},
		"pending migrations that are not applied at start": {
			change: func(t *testing.T, cfg *config.Config) {
				cfg.DatabaseURL, cfg.Migrate = config.Secret(pgtest.NewDatabase(t)), config.MigrateOff
			},
			check: "migrations", status: apikeys.FindingFail, detail: "APIKEYS_MIGRATE is off",
		},
		"a clock that is a little off": {
			change: func(t *testing.T, cfg *config.Config) { usedPostgres(t, cfg) }, clock: 30 * time.Second,
			check: "clock", status: apikeys.FindingWarn, detail: "differs",
		},
		"a clock that is wrong": {
			change: func(t *testing.T, cfg *config.Config) { usedPostgres(t, cfg) }, clock: -time.Hour,
			check: "clock", status: apikeys.FindingFail, detail: "wrong time",
		},
		"another pepper on PostgreSQL": {
			change: func(t *testing.T, cfg *config.Config) { usedPostgres(t, cfg); cfg.Peppers = otherPepper },
			check:  "peppers", status: apikeys.FindingFail, detail: "p1",
		},
		"another pepper on SQLite": {
			change: func(t *testing.T, cfg *config.Config) {
				cfg.DatabaseURL = usedBefore(t, *cfg, migrated.SQLite(t))
				cfg.Peppers = otherPepper
			},
			check: "peppers", status: apikeys.FindingFail, detail: "p1",
		},
		"a pepper that is not there any more": {
			change: func(t *testing.T, cfg *config.Config) {
				cfg.DatabaseURL = usedBefore(t, *cfg, migrated.SQLite(t))
				cfg.Peppers = config.Secret("p2" + otherPepper[2:])
			},
			check: "peppers", status: apikeys.FindingWarn, detail: "also used with p1",
		},
		"a new pepper": {
			change: func(t *testing.T, cfg *config.Config) {
				cfg.DatabaseURL = usedBefore(t, *cfg, migrated.SQLite(t))
				cfg.Peppers += config.Secret(",p2" + otherPepper[2:])
			},
			check: "peppers", status: apikeys.FindingWarn, detail: "new to the store: p2",
		},
		"a lost sealing key on PostgreSQL": {
			change: func(t *testing.T, cfg *config.Config) {
				sealing(cfg)
				usedPostgres(t, cfg)
				cfg.SealingKeys = "s2" + cfg.SealingKeys[2:]
			},
			check: "sealing keys", status: apikeys.FindingFail, detail: "APIKEYS_SEALING_KEYS does not have s1 (1 webhook: wh_",
		},
		"a lost sealing key on SQLite": {
			change: func(t *testing.T, cfg *config.Config) {
				sealing(cfg)
				cfg.DatabaseURL = usedBefore(t, *cfg, migrated.SQLite(t))
				cfg.SealingKeys = ""
			},
			check: "sealing keys", status: apikeys.FindingFail, detail: "APIKEYS_SEALING_KEYS does not have s1 (1 webhook: wh_",
		},
		"an old sealing key that is still needed": {
			change: func(t *testing.T, cfg *config.Config) {
				sealing(cfg)
				cfg.DatabaseURL = usedBefore(t, *cfg, migrated.SQLite(t))
				cfg.SealingKeys = "s2" + cfg.SealingKeys[2:] + "," + cfg.SealingKeys
			},
			check: "sealing keys", status: apikeys.FindingWarn, detail: "still needed: s1 (1 webhook)",
		},
		"a malformed sealing key": {
			change: func(t *testing.T, cfg *config.Config) {
				cfg.DatabaseURL, cfg.SealingKeys = config.Secret(emptyStores["sqlite"](t)), "s1"
			},
			check: "sealing keys", status: apikeys.FindingFail, detail: "must be written id:base64",
		},
		"no pepper": {
			change: func(t *testing.T, cfg *config.Config) {
				cfg.DatabaseURL = config.Secret(emptyStores["sqlite"](t))
				cfg.Peppers = ""
			},
			check: "peppers", status: apikeys.FindingFail, detail: "no pepper given",
		},
		"an SQLite file that is not there": {
			change: func(t *testing.T, cfg *config.Config) { cfg.DatabaseURL = config.Secret(emptyStores["sqlite"](t)) },
			check:  "database", status: apikeys.FindingWarn, detail: "does not exist",
		},
		"an SQLite file that is none": {
			change: func(t *testing.T, cfg *config.Config) {
				path := filepath.Join(t.TempDir(), "keys.db")
				if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
					t.Fatal(err)
				}
				cfg.DatabaseURL = config.Secret("sqlite://" + path)
			},
			check: "database", status: apikeys.FindingFail, detail: "cannot be used",
		},
		"an SQLite file that others can read": {
			change: func(t *testing.T, cfg *config.Config) {
				cfg.DatabaseURL = usedBefore(t, *cfg, migrated.SQLite(t))
				if err := os.Chmod(strings.TrimPrefix(cfg.DatabaseURL.Reveal(), "sqlite://"), 0o644); err != nil {
					t.Fatal(err)
				}
			},
			check: "privileges", status: apikeys.FindingWarn, detail: "mode 644",
		},
		"token keys that cannot be read": {
			change: func(_ *testing.T, cfg *config.Config) { cfg.JWKSFile, cfg.JWKSURL = "", "http://127.0.0.1:1/jwks" },
			check:  "token keys", status: apikeys.FindingFail, detail: "refused",
		},
		"token keys of which none is usable": {
			change: func(t *testing.T, cfg *config.Config) {
				cfg.JWKSFile = jwksFile(t, `{"keys":[{"kty":"oct","k":"AAAA"}]}`)
			},
			check: "token keys", status: apikeys.FindingFail, detail: "no usable key",
		},
		"token keys of which one is unusable": {
			change: func(t *testing.T, cfg *config.Config) {
				text, err := os.ReadFile(cfg.JWKSFile)
				if err != nil {
					t.Fatal(err)
				}
				cfg.JWKSFile = jwksFile(t, strings.Replace(string(text), `"keys":[`, `"keys":[{"kty":"oct","k":"AAAA"},`, 1))
			},
			check: "token keys", status: apikeys.FindingWarn, detail: "1 usable; key 0",
		},
		"an address in use": {
			change: func(_ *testing.T, cfg *config.Config) { cfg.Addr = taken.Addr().String() },
			check:  "listener APIKEYS_ADDR", status: apikeys.FindingWarn, detail: "in use",
		},
		"an address of another machine": {
			change: func(_ *testing.T, cfg *config.Config) { cfg.InternalAddr = "192.0.2.1:0" },
			check:  "listener APIKEYS_INTERNAL_ADDR", status: apikeys.FindingFail, detail: "cannot listen",
		},
		"an open address without a token": {
			change: func(_ *testing.T, cfg *config.Config) { cfg.ExtAuthzAddr = "0.0.0.0:0" },
			check:  "listener APIKEYS_EXT_AUTHZ_ADDR", status: apikeys.FindingFail, detail: "no token is required",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := serving.ConfigTrusting(t, jwttest.NewIssuer(t))
			c.change(t, &cfg)
			found, err := apikeys.Diagnose(t.Context(), cfg, apikeys.WithClock(func() time.Time { return time.Now().Add(c.clock) }))
			if err != nil {
				t.Fatal(err)
			}
			seen := false
			for _, f := range found {
				if f.Check == c.check {
					seen = true
					if f.Status != c.status || !strings.Contains(f.Detail, c.detail) {
						t.Errorf("%s: %s %s, want %s with %q", f.Check, f.Status, f.Detail, c.status, c.detail)
					}
				}
				if (f.Remedy == "") != (f.Status == apikeys.FindingOK) {
					t.Errorf("%s: %s with the remedy %q", f.Check, f.Status, f.Remedy)
				}
				if strings.Contains(f.Detail+f.Remedy, "hunter2") || strings.Contains(f.Detail+f.Remedy, "\n") {
					t.Errorf("%s: %s", f.Check, f.Detail)
				}
			}
			if !seen {
				t.Errorf("no finding about %s: %v", c.check, found)
			}
		})
	}
}

// onDurableStores runs test for each store but memory, with the configuration of a service
// in memory and the location of an empty database.
func onDurableStores(t *testing.T, test func(t *testing.T, cfg config.Config, location string)) {
	t.Helper()
	for _, store := range []string{"sqlite", "postgres"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			test(t, serving.ConfigTrusting(t, jwttest.NewIssuer(t)), emptyStores[store](t))
		})
	}
}

func jwksFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDiagnose_FindsNothingWrongWithAServiceInGoodOrder(t *testing.T) {
	t.Parallel()
	onDurableStores(t, func(t *testing.T, cfg config.Config, location string) {
		cfg.DatabaseURL = usedBefore(t, cfg, location)
		found, err := apikeys.Diagnose(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if f.Status != apikeys.FindingOK {
				t.Errorf("%s: %s %s", f.Check, f.Status, f.Detail)
			}
		}
		if len(found) < 8 {
			t.Errorf("only %d findings", len(found))
		}
	})
}

func TestDiagnose_NamesTheWebhooksOfALostSealingKey(t *testing.T) {
	t.Parallel()
	onDurableStores(t, func(t *testing.T, cfg config.Config, location string) {
		sealing(&cfg)
		cfg.DatabaseURL = config.Secret(location)
		want := webhooksIn(t, cfg, "ws_a", "ws_b", "ws_c") // 10 each
		cfg.SealingKeys = "s2" + cfg.SealingKeys[2:]
		found, err := apikeys.Diagnose(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(found, func(f apikeys.Finding) bool { return f.Check == "sealing keys" })
		if i < 0 {
			t.Fatalf("no finding about sealing keys: %v", found)
		}
		lost := apikeys.LostSealingKey{ID: "s1", Webhooks: 30, First: want[:20]}
		if diff := cmp.Diff([]apikeys.LostSealingKey{lost}, found[i].LostKeys); diff != "" {
			t.Errorf("lost keys (-want +got):\n%s", diff)
		}
		names := ""
		for _, w := range want[:20] {
			names += string(w.ID) + " in " + string(w.Workspace) + ", "
		}
		if detail := "s1 (30 webhooks: " + names + "and 10 more)"; found[i].Status != apikeys.FindingFail || !strings.Contains(found[i].Detail, detail) {
			t.Errorf("%s %s, want %q", found[i].Status, found[i].Detail, detail)
		}
	})
}

// webhooksIn creates as many webhooks in each workspace as there may be, and returns them
// in the order of workspaces and IDs.
func webhooksIn(t *testing.T, cfg config.Config, workspaces ...domain.WorkspaceID) (all []domain.SealedWebhook) {
	t.Helper()
	service, err := apikeys.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = service.Close() }()
	for _, id := range workspaces {
		ws := service.OperatorWorkspace("tester", id, domain.Origin{})
		for range domain.MaxWebhooks {
			created, err := ws.CreateWebhook(t.Context(), domain.WebhookSpec{URL: "https://hooks.example.com/"})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, domain.SealedWebhook{ID: created.Webhook.ID, Workspace: id})
		}
	}
	slices.SortFunc(all, func(a, b domain.SealedWebhook) int {
		return strings.Compare(string(a.Workspace)+string(a.ID), string(b.Workspace)+string(b.ID))
	})
	return all
}
