package jwtauth

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// ClaimRoles implements ports.WorkspaceRoles by what the caller's token
// claims. It never fails.
type ClaimRoles struct{}

// Role returns the role that actor claims in workspace.
func (ClaimRoles) Role(_ context.Context, actor domain.Actor, workspace domain.WorkspaceID) (domain.Role, error) {
	return actor.Roles[workspace], nil
}

func parseRole(s string) (domain.Role, bool) {
	switch role := domain.Role(s); role {
	case domain.RoleOwner, domain.RoleAdmin, domain.RoleOperator, domain.RoleViewer:
		return role, true
	}
	return domain.RoleNone, false
}
