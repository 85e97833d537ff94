package apikeys

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// Workspace returns the workspace with that identifier, if actor is its OWNER:
// the proof on which all management use cases are methods. The audit trail
// records origin. It returns [domain.ErrNotOwner], or an error that wraps
// [domain.ErrUnavailable].
func (s *Service) Workspace(ctx context.Context, actor domain.Actor, id domain.WorkspaceID, origin domain.Origin) (*Workspace, error) {
	return s.workspaces.Open(ctx, actor, id, origin)
}

// OperatorWorkspace returns the workspace with that identifier to an operator,
// such as a support tool or a job. The caller vouches for it: nothing is
// checked. The audit trail records operator:NAME and origin.
func (s *Service) OperatorWorkspace(name string, id domain.WorkspaceID, origin domain.Origin) *Workspace {
	return s.workspaces.OpenForOperator(name, id, origin)
}
