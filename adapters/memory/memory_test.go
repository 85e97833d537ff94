package memory_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
)

func open(testing.TB) ports.KeyRepository { return memory.NewKeyRepository() }

func TestStore(t *testing.T) {
	t.Parallel()
	portstest.RunStore(t, func(testing.TB) (one, other portstest.Store) {
		repo := memory.NewKeyRepository()
		return repo, repo
	})
}

func TestWorkspaceRoles(t *testing.T) {
	t.Parallel()
	portstest.RunWorkspaceRoles(t, func(_ testing.TB, roles map[domain.WorkspaceID]map[string]domain.Role) (ports.WorkspaceRoles, func(string) domain.Actor) {
		return memory.NewWorkspaceRoles(roles), func(account string) domain.Actor {
			return domain.Actor{AccountID: account}
		}
	})
}

func TestWorkspaceRoles_CopiesTheTable(t *testing.T) {
	t.Parallel()
	table := map[domain.WorkspaceID]map[string]domain.Role{"ws_a": {"acc_1": domain.RoleViewer}}
	roles := memory.NewWorkspaceRoles(table)
	table["ws_a"]["acc_1"] = domain.RoleOwner

	got, err := roles.Role(t.Context(), domain.Actor{AccountID: "acc_1"}, "ws_a")
	if err != nil || got != domain.RoleViewer {
		t.Errorf("Role returns %q and %v, want VIEWER", got, err)
	}
}

func TestLimitStore(t *testing.T) {
	t.Parallel()
	portstest.RunLimitStore(t, func(_ testing.TB, now func() time.Time) ports.LimitStore { return memory.NewLimitStore(now) })
}

func TestForeignKeys(t *testing.T) {
	t.Parallel()
	portstest.RunForeignKeys(t, func(testing.TB) (one, other portstest.ForeignStore) {
		repo := memory.NewKeyRepository()
		return repo, repo
	})
}

func TestWebhookStore(t *testing.T) {
	t.Parallel()
	portstest.RunWebhookStore(t, func(_ testing.TB, now func() time.Time) portstest.WebhookedStore {
		keys := memory.NewKeyRepository()
		return struct {
			*memory.KeyRepository
			*memory.WebhookStore
		}{keys, memory.NewWebhookStore(keys, now)}
	})
}
