package application

import (
	"context"
	"io"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Dependencies are the parts that the management use cases need. All are required, unless
// stated otherwise.
type Dependencies struct {
	Roles    ports.WorkspaceRoles
	Keys     ports.KeyRepository
	Writer   ports.KeyWriter     // of Keys; evicts cached keys
	Foreign  ports.ForeignKeys   // nil if no keys can be imported
	Usage    ports.UsageRecorder // nil if no usage is recorded
	Hasher   ports.SecretHasher
	Random   io.Reader // cryptographically secure, because secrets come from it
	Now      func() time.Time
	MaxKeys  MaximumKeys
	Limits   CountsLimits
	Limiter  Limiter // nil if the store counts no limits
	Webhooks WebhookParts
	Lifetime *Lifetime
}

// MaximumKeys is the number of living keys that a workspace may have; 0 means no
// limit.
type MaximumKeys int

// CountsLimits is whether the store can count limits. If it cannot, keys cannot have
// limits.
type CountsLimits bool

// unsupported returns a fault for each kind of limit that the store cannot count.
func (c CountsLimits) unsupported(rateLimits, quota bool) (faults domain.Faults) {
	if c {
		return nil
	}
	for _, limit := range []struct {
		field string
		set   bool
	}{{"rateLimits", rateLimits}, {"quota", quota}} {
		if limit.set {
			faults = append(faults, domain.Fault{Field: limit.field, Reason: domain.ReasonUnknownField, Rule: domain.RuleLimitsUnsupported})
		}
	}
	return faults
}

// Workspaces opens workspaces for callers who may manage their keys.
type Workspaces struct{ deps *Dependencies }

// NewWorkspaces returns the workspaces of deps.Keys.
func NewWorkspaces(deps Dependencies) *Workspaces { return &Workspaces{deps: &deps} }

// Workspace is the proof that the caller may manage the keys of one
// workspace. Its methods are the management use cases; only [Workspaces]
// creates one, so they do not check the caller again. It is safe for
// concurrent use.
//
// The methods return [domain.ErrKeyNotFound] for a key that is not in the
// workspace, even if it is in another one, and an error that wraps
// [domain.ErrUnavailable] if the store cannot be reached.
type Workspace struct {
	deps   *Dependencies
	id     domain.WorkspaceID
	author domain.Author
}

// Open returns the workspace with the given ID. It returns [domain.ErrNotOwner] if
// actor is not its OWNER, whether or not the workspace exists. The audit trail records
// origin.
func (w *Workspaces) Open(ctx context.Context, actor domain.Actor, id domain.WorkspaceID, origin domain.Origin) (*Workspace, error) {
	if err := w.deps.Lifetime.Err(); err != nil {
		return nil, err
	}
	role, err := w.deps.Roles.Role(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if role != domain.RoleOwner || id == "" {
		return nil, domain.ErrNotOwner
	}
	author := domain.Author{AccountID: actor.AccountID, Portal: actor.Portal, Origin: origin}
	return &Workspace{deps: w.deps, id: id, author: author}, nil
}

// OpenForOperator returns the workspace for an operator, without a check: the
// caller is responsible for authenticating the operator. The audit trail records
// operator:NAME as the account and SYSTEM as the portal.
func (w *Workspaces) OpenForOperator(name string, id domain.WorkspaceID, origin domain.Origin) *Workspace {
	return &Workspace{deps: w.deps, id: id, author: domain.OperatorAuthor(name, origin)}
}

// ID returns the ID of the workspace.
func (w *Workspace) ID() domain.WorkspaceID { return w.id }

// change applies decide to a key and returns the changed key. decide returns the
// event of the change, with the ID eventID.
func (w *Workspace) change(
	ctx context.Context, id domain.KeyID, idempotency *ports.Idempotency,
	decide func(key *domain.APIKey, eventID string, now time.Time) (domain.Event, error),
) (*domain.APIKey, error) {
	if err := w.deps.Lifetime.Err(); err != nil {
		return nil, err
	}
	eventID, err := domain.NewEventID(w.deps.Now(), w.deps.Random)
	if err != nil {
		return nil, err
	}
	var changed *domain.APIKey
	err = w.deps.Writer.Update(ctx, w.id, id, func(key *domain.APIKey) (domain.Event, error) {
		changed = key
		return decide(key, eventID, w.deps.Now())
	}, ports.UpdateOptions{Idempotency: idempotency})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// changeStatus makes a change that has no parameters other than its time.
func (w *Workspace) changeStatus(
	ctx context.Context, operation string, id domain.KeyID, options []ChangeOption,
	change func(key *domain.APIKey, eventID string, by domain.Author, now time.Time) domain.Event,
) error {
	idempotency, err := w.idempotency(options, operation, id)
	if err != nil {
		return err
	}
	_, err = w.change(ctx, id, idempotency, func(key *domain.APIKey, eventID string, now time.Time) (domain.Event, error) {
		return change(key, eventID, w.author, now), nil
	})
	return err
}
