package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RequireOwner decides who may manage the keys of a workspace.
type RequireOwner struct {
	roles    ports.WorkspaceRoles
	lifetime *Lifetime
}

// NewRequireOwner returns the use case on that source of roles. What it returns
// is of use until lifetime ends.
func NewRequireOwner(roles ports.WorkspaceRoles, lifetime *Lifetime) *RequireOwner {
	return &RequireOwner{roles: roles, lifetime: lifetime}
}

// Owner is the proof that an actor owns a workspace. Only [RequireOwner]
// makes one, and every management use case asks for one: it cannot be called
// by someone whose role was not judged.
type Owner struct {
	workspace domain.WorkspaceID
	author    domain.Author
	lifetime  *Lifetime
}

// Workspace returns the workspace owned.
func (o Owner) Workspace() domain.WorkspaceID { return o.workspace }

// check returns [domain.ErrNotOwner] for an Owner that [RequireOwner] did not
// make, and [ErrClosed] for one of a service that was closed.
func (o Owner) check() error {
	if o.workspace == "" {
		return domain.ErrNotOwner
	}
	return o.lifetime.Err()
}

// Do returns the proof, or [domain.ErrNotOwner] or [ErrClosed].
func (uc *RequireOwner) Do(ctx context.Context, actor domain.Actor, workspace domain.WorkspaceID, from domain.Origin) (Owner, error) {
	if err := uc.lifetime.Err(); err != nil {
		return Owner{}, err
	}
	role, err := uc.roles.Role(ctx, actor, workspace)
	if err != nil {
		return Owner{}, err
	}
	if role != domain.RoleOwner {
		return Owner{}, domain.ErrNotOwner
	}
	return Owner{
		workspace: workspace,
		author: domain.Author{
			AccountID: actor.AccountID,
			Portal:    actor.Portal,
			Origin:    from,
		},
		lifetime: uc.lifetime,
	}, nil
}
