package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Operator reads keys across workspaces, for people and jobs that operate the
// service. The embedding program is responsible for authenticating them. It is
// safe for concurrent use.
type Operator struct {
	workspaces *Workspaces
	name       string
}

// Operator returns the operator with the given name.
func (w *Workspaces) Operator(name string) *Operator { return &Operator{workspaces: w, name: name} }

// ListKeys returns one page of the keys of all workspaces that match filter.
// Their status is compared as of filter.At, which defaults to the current time.
func (o *Operator) ListKeys(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	deps := o.workspaces.deps
	if err := deps.Lifetime.Err(); err != nil {
		return ports.KeyPage{}, err
	}
	if filter.At.IsZero() {
		filter.At = deps.Now()
	}
	return deps.Keys.ListAll(ctx, filter, order, page)
}

// FindKey returns the key with the given ID in any workspace, or
// [domain.ErrKeyNotFound] if there is none.
func (o *Operator) FindKey(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	deps := o.workspaces.deps
	if err := deps.Lifetime.Err(); err != nil {
		return nil, err
	}
	return deps.Keys.Find(ctx, id)
}

// Workspace opens a workspace as [Workspaces.OpenForOperator] does.
func (o *Operator) Workspace(id domain.WorkspaceID, origin domain.Origin) *Workspace {
	return o.workspaces.OpenForOperator(o.name, id, origin)
}
