package application_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func withRoles(t *testing.T, roles ports.WorkspaceRoles) *application.Workspaces {
	t.Helper()
	return workspacesOf(t, roles, memory.NewKeyRepository(), parts{})
}

func TestOpen_AdmitsOwnersOnly(t *testing.T) {
	t.Parallel()
	roles := memory.NewWorkspaceRoles(map[domain.WorkspaceID]map[string]domain.Role{
		workspace: {
			"owner":    domain.RoleOwner,
			"admin":    domain.RoleAdmin,
			"operator": domain.RoleOperator,
			"viewer":   domain.RoleViewer,
			"none":     domain.RoleNone,
			"odd":      "owner",
		},
		"ws-2": {"viewer": domain.RoleOwner},
		"":     {"owner": domain.RoleOwner},
	})
	for name, tc := range map[string]struct {
		account   string
		workspace domain.WorkspaceID
		want      error
	}{
		"an owner":                  {"owner", workspace, nil},
		"an admin":                  {"admin", workspace, domain.ErrNotOwner},
		"an operator":               {"operator", workspace, domain.ErrNotOwner},
		"a viewer":                  {"viewer", workspace, domain.ErrNotOwner},
		"an account without a role": {"none", workspace, domain.ErrNotOwner},
		"a role in another case":    {"odd", workspace, domain.ErrNotOwner},
		"a stranger":                {"stranger", workspace, domain.ErrNotOwner},
		"an owner elsewhere":        {"owner", "ws-2", domain.ErrNotOwner},
		"an unknown workspace":      {"owner", "ws-3", domain.ErrNotOwner},
		"an empty workspace ID":     {"owner", "", domain.ErrNotOwner},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ws, err := withRoles(t, roles).Open(t.Context(), domain.Actor{AccountID: tc.account}, tc.workspace, origin)
			if !errors.Is(err, tc.want) || (ws != nil) != (tc.want == nil) {
				t.Fatalf("got %v, %v, want %v", ws, err, tc.want)
			}
			if ws != nil && ws.ID() != tc.workspace {
				t.Errorf("opened %q", ws.ID())
			}
		})
	}
}

type failingRoles struct{ err error }

func (f failingRoles) Role(context.Context, domain.Actor, domain.WorkspaceID) (domain.Role, error) {
	return domain.RoleOwner, f.err
}

func TestOpen_FailsIfTheRoleIsUnknown(t *testing.T) {
	t.Parallel()
	down := fmt.Errorf("%w: directory", domain.ErrUnavailable)
	ws, err := withRoles(t, failingRoles{down}).Open(t.Context(), domain.Actor{AccountID: "a"}, workspace, origin)
	if !errors.Is(err, down) || ws != nil {
		t.Errorf("got %v, %v", ws, err)
	}
}

func TestOpenForOperator_NamesTheOperatorInTheTrail(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	id := createdIn(t, keys, spec()).KeyID()
	ws := workspacesOf(t, failingRoles{errors.New("must not be called")}, keys, parts{}).
		OpenForOperator("support-tool", workspace, origin)
	if err := ws.DisableKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	trail, err := ws.KeyEvents(t.Context(), id, domain.Page{})
	if err != nil {
		t.Fatal(err)
	}
	want := domain.Author{AccountID: "operator:support-tool", Portal: domain.PortalSystem, Origin: origin}
	if got := trail.Events[0].By; got != want {
		t.Errorf("the trail names %+v, want %+v", got, want)
	}
}
