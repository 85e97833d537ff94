package portstest

import (
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunWorkspaceRoles tests the promises of [ports.WorkspaceRoles]. open returns a
// source with the given roles by workspace and account, and a function that
// returns the actor of an account.
func RunWorkspaceRoles(t *testing.T, open func(t testing.TB, roles map[domain.WorkspaceID]map[string]domain.Role) (ports.WorkspaceRoles, func(account string) domain.Actor)) {
	roles, actor := open(t, map[domain.WorkspaceID]map[string]domain.Role{
		"ws_a": {"acc_1": domain.RoleOwner, "acc_2": domain.RoleAdmin, "acc_3": domain.RoleOperator, "acc_4": domain.RoleViewer},
		"ws_b": {"acc_2": domain.RoleOwner},
	})
	cases := []struct {
		name      string
		account   string
		workspace domain.WorkspaceID
		want      domain.Role
	}{
		{"an owner", "acc_1", "ws_a", domain.RoleOwner},
		{"an admin", "acc_2", "ws_a", domain.RoleAdmin},
		{"an operator", "acc_3", "ws_a", domain.RoleOperator},
		{"a viewer", "acc_4", "ws_a", domain.RoleViewer},
		{"another role in another workspace", "acc_2", "ws_b", domain.RoleOwner},
		{"no role in another workspace", "acc_1", "ws_b", domain.RoleNone},
		{"an account without any role", "acc_9", "ws_a", domain.RoleNone},
		{"an account in another case", "ACC_1", "ws_a", domain.RoleNone},
		{"a workspace in another case", "acc_1", "WS_A", domain.RoleNone},
		{"a workspace that does not exist", "acc_1", "ws_none", domain.RoleNone},
		{"no account", "", "ws_a", domain.RoleNone},
		{"no workspace", "acc_1", "", domain.RoleNone},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := roles.Role(t.Context(), actor(c.account), c.workspace)
			if err != nil || got != c.want {
				t.Errorf("Role returns %q and %v, want %q", got, err, c.want)
			}
		})
	}
}
