package application_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func TestKeyLimits_LooksAndSpendsNothing(t *testing.T) {
	t.Parallel()
	keys, l := memory.NewKeyRepository(), new(limiter)
	id := createdIn(t, keys, limited).KeyID()
	workspaces := workspacesOf(t, everyOwner{}, keys, parts{limiter: l})
	owner, err := workspaces.Open(t.Context(), domain.Actor{AccountID: "acc-1"}, workspace, origin)
	if err != nil {
		t.Fatal(err)
	}
	for name, ws := range map[string]*application.Workspace{
		"owner": owner, "operator": workspaces.Operator("support-tool").Workspace(workspace, origin),
	} {
		l.calls = nil
		states, err := ws.KeyLimits(t.Context(), id)
		var got []string
		for _, s := range states {
			got = append(got, s.Limit.Name)
		}
		if diff := cmp.Diff([]string{"default", "quota"}, got); err != nil || diff != "" || !slices.Equal(l.calls, []string{"look"}) {
			t.Errorf("%s: error %v after %v (-want +got):\n%s", name, err, l.calls, diff)
		}
	}
	if key, err := keys.Find(t.Context(), id); err != nil || !key.Snapshot().LastUsedAt.IsZero() {
		t.Errorf("it counts as use: %v, %v", key, err)
	}
}

func TestKeyLimits_OfKeysWithoutAnyAsksNobody(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, domain.KeySpec{Name: "k"}).KeyID()
	for name, l := range map[string]application.Limiter{"a store that fails": &limiter{err: domain.ErrUnavailable}, "a store that counts nothing": nil} {
		ws := openWith(t, keys, domain.PortalPartner, parts{limiter: l})
		if got, err := ws.KeyLimits(t.Context(), id); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestKeyLimits_AreUnknownIfNothingCountsThem(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, limited).KeyID()
	for name, l := range map[string]application.Limiter{"a store that fails": &limiter{err: domain.ErrUnavailable}, "a store that counts nothing": nil} {
		ws := openWith(t, keys, domain.PortalPartner, parts{limiter: l})
		if got, err := ws.KeyLimits(t.Context(), id); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestKeyLimits_OfKeysElsewhereAreNotFound(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, limited).KeyID()
	workspaces := workspacesOf(t, everyOwner{}, keys, parts{limiter: new(limiter)})
	for of, key := range map[domain.WorkspaceID]domain.KeyID{"ws-2": id, workspace: "sk_live_0000000000000000"} {
		if _, err := workspaces.OpenForOperator("job", of, origin).KeyLimits(t.Context(), key); !errors.Is(err, domain.ErrKeyNotFound) {
			t.Errorf("%s in %s: %v", key, of, err)
		}
	}
}
