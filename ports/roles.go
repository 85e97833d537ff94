package ports

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// WorkspaceRoles knows who is what in a workspace.
type WorkspaceRoles interface {
	// Role returns the role of actor in workspace, and [domain.RoleNone]
	// when the actor has none or the workspace does not exist. It returns an
	// error that wraps [domain.ErrUnavailable] when it cannot know now. It
	// is safe for concurrent use.
	Role(ctx context.Context, actor domain.Actor, workspace domain.WorkspaceID) (domain.Role, error)
}
