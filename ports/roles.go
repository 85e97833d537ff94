package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// WorkspaceRoles returns the roles of actors in workspaces.
type WorkspaceRoles interface {
	// Role returns the role of actor in workspace, or [domain.RoleNone] if the
	// actor has none or the workspace does not exist. It returns an error that
	// wraps [domain.ErrUnavailable] if it cannot determine the role now. It is
	// safe for concurrent use.
	Role(ctx context.Context, actor domain.Actor, workspace domain.WorkspaceID) (domain.Role, error)
}
