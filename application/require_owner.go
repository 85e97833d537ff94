package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RequireOwner decides who may manage the keys of a workspace.
type RequireOwner struct {
	roles ports.WorkspaceRoles
}

// NewRequireOwner returns the use case on that source of roles.
func NewRequireOwner(roles ports.WorkspaceRoles) *RequireOwner {
	return &RequireOwner{roles: roles}
}

// Owner is the proof that an actor owns a workspace. Only [RequireOwner]
// makes one, and every management use case asks for one: it cannot be called
// by someone whose role was not judged.
type Owner struct {
	workspace domain.WorkspaceID
	author    domain.Author
}

// Workspace returns the workspace owned.
func (o Owner) Workspace() domain.WorkspaceID { return o.workspace }

// proven is false for an Owner that [RequireOwner] did not make.
func (o Owner) proven() bool { return o.workspace != "" }

// Do returns the proof, or [domain.ErrNotOwner].
func (uc *RequireOwner) Do(ctx context.Context, actor domain.Actor, workspace domain.WorkspaceID, from domain.Origin) (Owner, error) {
	role, err := uc.roles.Role(ctx, actor, workspace)
	if err != nil {
		return Owner{}, err
	}
	if role != domain.RoleOwner {
		return Owner{}, domain.ErrNotOwner
	}
	return Owner{workspace: workspace, author: domain.Author{
		AccountID: actor.AccountID,
		Portal:    actor.Portal,
		Origin:    from,
	}}, nil
}
