package memory

import (
	"context"
	"maps"

	"github.com/slaunchx/apikeys/domain"
)

// WorkspaceRoles implements ports.WorkspaceRoles with a fixed table. It is safe
// for concurrent use.
type WorkspaceRoles struct {
	roles map[domain.WorkspaceID]map[string]domain.Role
}

// NewWorkspaceRoles returns a source of the given roles, by workspace and
// account ID. It ignores the roles that the actor's token claims.
func NewWorkspaceRoles(roles map[domain.WorkspaceID]map[string]domain.Role) *WorkspaceRoles {
	table := make(map[domain.WorkspaceID]map[string]domain.Role, len(roles))
	for workspace, accounts := range roles {
		table[workspace] = maps.Clone(accounts)
	}
	return &WorkspaceRoles{roles: table}
}

// Role implements ports.WorkspaceRoles.
func (r *WorkspaceRoles) Role(ctx context.Context, actor domain.Actor, workspace domain.WorkspaceID) (domain.Role, error) {
	if err := alive(ctx); err != nil {
		return domain.RoleNone, err
	}
	return r.roles[workspace][actor.AccountID], nil
}
