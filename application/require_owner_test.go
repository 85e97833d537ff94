package application_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func TestRequireOwner_AdmitsOwnersAlone(t *testing.T) {
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
	})
	for name, tc := range map[string]struct {
		account   string
		workspace domain.WorkspaceID
		want      error
	}{
		"an owner":                      {"owner", workspace, nil},
		"an admin":                      {"admin", workspace, domain.ErrNotOwner},
		"an operator":                   {"operator", workspace, domain.ErrNotOwner},
		"a viewer":                      {"viewer", workspace, domain.ErrNotOwner},
		"nobody in it":                  {"none", workspace, domain.ErrNotOwner},
		"a role in another case":        {"odd", workspace, domain.ErrNotOwner},
		"a stranger":                    {"stranger", workspace, domain.ErrNotOwner},
		"an owner elsewhere":            {"owner", "ws-2", domain.ErrNotOwner},
		"a workspace that is not there": {"owner", "ws-3", domain.ErrNotOwner},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner, err := application.NewRequireOwner(roles, &application.Lifetime{}).Do(t.Context(), domain.Actor{AccountID: tc.account}, tc.workspace, origin)
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if proven := owner.Workspace() == tc.workspace; proven != (tc.want == nil) {
				t.Errorf("proof of %q", owner.Workspace())
			}
		})
	}
}

type failingRoles struct{ err error }

func (f failingRoles) Role(context.Context, domain.Actor, domain.WorkspaceID) (domain.Role, error) {
	return domain.RoleOwner, f.err
}

func TestRequireOwner_ProvesNothingWhereTheRoleIsUnknown(t *testing.T) {
	t.Parallel()
	down := fmt.Errorf("%w: directory", domain.ErrUnavailable)
	owner, err := application.NewRequireOwner(failingRoles{down}, &application.Lifetime{}).Do(t.Context(), domain.Actor{AccountID: "a"}, workspace, origin)
	if !errors.Is(err, down) || owner != (application.Owner{}) {
		t.Errorf("got %q, %v", owner.Workspace(), err)
	}
}
