package acceptance

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/migrated"
)

// openStores opens a migrated store of each kind, for tests that read it
// directly.
var openStores = map[string]func(t *testing.T) ports.KeyRepository{
	"memory": func(*testing.T) ports.KeyRepository { return memory.NewKeyRepository() },
	"sqlite": func(t *testing.T) ports.KeyRepository {
		store, err := sqlite.Open(t.Context(), strings.TrimPrefix(migrated.SQLite(t), "sqlite://"))
		return closedAtEnd(t, store, err)
	},
	"postgres": func(t *testing.T) ports.KeyRepository {
		store, err := postgres.Open(t.Context(), migrated.PostgreSQL(t))
		return closedAtEnd(t, store, err)
	},
}

type closingStore interface {
	ports.KeyRepository
	Close() error
}

func closedAtEnd(t *testing.T, store closingStore, err error) ports.KeyRepository {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func TestCreateKey_RecordsTheCallerAndItsAddress(t *testing.T) {
	t.Parallel()
	for name, open := range openStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			w := newWorld(t, func(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.1/32"} }, apikeys.WithStore(apikeys.Store{Keys: store}))
			key := do(t, w.create(t, `{"name":"k","scopes":["a:b"]}`,
				set("X-Request-Id", "r-audit"),
				set("X-Client-Hash", "device-9"),
				set("X-Forwarded-For", "198.51.100.1, 203.0.113.9"),
			)).data(t)["apiKeyId"].(string)

			trail, err := store.Events(t.Context(), workspace, domain.KeyID(key), domain.Page{})
			want := []domain.Event{{
				KeyID:     domain.KeyID(key),
				Workspace: workspace,
				Type:      domain.EventCreated,
				By: domain.Author{
					AccountID: account,
					Portal:    domain.PortalPartner,
					Origin:    domain.Origin{ClientHash: "device-9", IP: netip.MustParseAddr("203.0.113.9"), RequestID: "r-audit"},
				},
			}}
			unasked := cmpopts.IgnoreFields(domain.Event{}, "ID", "At", "Changes")
			if diff := cmp.Diff(want, trail.Events, unasked, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" || err != nil {
				t.Errorf("events (%v, -want +got):\n%s", err, diff)
			}
			if other, err := store.Events(t.Context(), "ws_2", domain.KeyID(key), domain.Page{}); err != nil || other.Total != 0 {
				t.Errorf("another workspace sees %d events (%v)", other.Total, err)
			}
		})
	}
}
