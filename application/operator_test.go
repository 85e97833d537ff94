package application_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
)

func TestOperator_ReadsKeysOfAllWorkspaces(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	workspaces := workspacesOf(t, everyOwner{}, keys, parts{})
	want := map[domain.KeyID]domain.WorkspaceID{}
	for _, id := range []domain.WorkspaceID{"ws-1", "ws-2"} {
		created, err := workspaces.OpenForOperator("setup", id, origin).CreateKey(t.Context(), spec())
		if err != nil {
			t.Fatal(err)
		}
		want[created.Key.ID()] = id
	}
	operator := workspaces.Operator("support-tool")
	list, err := operator.ListKeys(t.Context(), domain.KeyFilter{Status: domain.StatusActive}, domain.Order{}, domain.Page{})
	if err != nil || list.Total != 2 || len(list.Keys) != 2 {
		t.Fatalf("%d of %d keys, %v", len(list.Keys), list.Total, err)
	}
	for _, key := range list.Keys {
		found, err := operator.FindKey(t.Context(), key.ID())
		if err != nil || found.Snapshot().Workspace != want[key.ID()] {
			t.Errorf("%s was found in %q, %v, want %q", key.ID(), found.Snapshot().Workspace, err, want[key.ID()])
		}
	}
	if _, err := operator.FindKey(t.Context(), "sk_live_0000000000000000"); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("an unknown key: %v", err)
	}
}

func TestOperator_ComparesTheStatusAsOfNow(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	createdIn(t, keys, spec()) // expires in a day
	later := workspacesOf(t, everyOwner{}, keys, parts{now: func() time.Time { return now.Add(24 * time.Hour) }})
	list, err := later.Operator("job").ListKeys(t.Context(), domain.KeyFilter{Status: domain.StatusExpired}, domain.Order{}, domain.Page{})
	if err != nil || list.Total != 1 {
		t.Errorf("%d expired keys, %v, want 1", list.Total, err)
	}
}

func TestOperator_OpensWorkspacesInItsName(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, spec()).KeyID()
	ws := workspacesOf(t, everyOwner{}, keys, parts{}).Operator("support-tool").Workspace(workspace, origin)
	if err := ws.DisableKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	events, err := eventsOf(t, keys, id)
	if err != nil || events[0].By.AccountID != "operator:support-tool" {
		t.Errorf("the trail names %q, %v", events[0].By.AccountID, err)
	}
}
