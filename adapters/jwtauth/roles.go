package jwtauth

import (
	"context"
	"slices"

	"github.com/slaunchx/apikeys/domain"
)

// ClaimRoles implements ports.WorkspaceRoles with the roles that the caller's
// token claims. It never fails.
type ClaimRoles struct{}

// Role returns the role that actor claims in workspace.
func (ClaimRoles) Role(_ context.Context, actor domain.Actor, workspace domain.WorkspaceID) (domain.Role, error) {
	return actor.Roles[workspace], nil
}

// rankedRoles are the roles that a token can claim, highest first.
var rankedRoles = [...]domain.Role{domain.RoleOwner, domain.RoleAdmin, domain.RoleOperator, domain.RoleViewer}

// highestRole returns the highest of the roles that names contains, or
// RoleNone if it contains none.
func highestRole(names []string) domain.Role {
	for _, role := range rankedRoles {
		if slices.Contains(names, string(role)) {
			return role
		}
	}
	return domain.RoleNone
}
