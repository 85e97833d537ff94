package client

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/slaunchx/apikeys/client/internal/api"
	"github.com/slaunchx/apikeys/domain"
)

// Workspace manages the keys of one workspace. It is safe for concurrent use. Its
// methods return an [*Error] for every response that is not a success, and wrap
// the errors of package domain that the same method of an embedded service
// returns.
//
// A request is sent again if the connection fails, or if the service is unavailable or
// asks the client to slow down. Even so, a change is made at most once.
type Workspace struct {
	manager *Manager
	id      domain.WorkspaceID
	path    string // of its keys
	// webhooks is the path of its webhooks.
	webhooks string
}

// ID returns the ID of the workspace.
func (w *Workspace) ID() domain.WorkspaceID { return w.id }

// CreateKey creates a key. No later response contains its secret, so store it at once.
// CreateKey returns a [*Replayed], which has the key but no secret, if an earlier
// attempt created the key and its response was lost.
func (w *Workspace) CreateKey(ctx context.Context, spec KeySpec, options ...ChangeOption) (CreatedKey, error) {
	var created api.CreatedKey
	r := w.change(http.MethodPost, "", newKeyOf(spec), options)
	head, err := w.send(ctx, r, &created)
	if err != nil {
		return CreatedKey{}, err
	}
	var limits []api.RateLimit
	if created.RateLimits != nil {
		limits = *created.RateLimits
	}
	rateLimits, quota := limitsOf(limits, created.Quota)
	key := Key{
		ID:          domain.KeyID(created.APIKeyID),
		Name:        created.Name,
		Status:      domain.Status(created.Status),
		Mode:        modeOf(created.Mode),
		Scopes:      created.Scopes,
		IPWhitelist: created.IPWhitelist,
		CreatedAt:   created.CreatedAt.UTC(),
		ExpiresAt:   instant(created.ExpiresAt),
		RateLimits:  rateLimits,
		Quota:       quota,
	}
	return withSecret(key, created.Secret, head)
}

// ListKeys returns one page of the keys that query selects. See also
// [Workspace.Keys].
func (w *Workspace) ListKeys(ctx context.Context, query KeyQuery) (KeyPage, error) {
	var page api.KeyPage
	_, err := w.send(ctx, request{method: http.MethodGet, query: query.values()}, &page)
	if err != nil {
		return KeyPage{}, err
	}
	return keyPageOf(page), nil
}

// GetKey returns a key, with its ETag.
func (w *Workspace) GetKey(ctx context.Context, id domain.KeyID) (Key, error) {
	return w.one(ctx, id, request{method: http.MethodGet})
}

// UpdateKey changes the members of patch that are not nil and returns the changed
// key. With [IfMatch] it returns [domain.ErrChanged] if the key has changed since.
func (w *Workspace) UpdateKey(ctx context.Context, id domain.KeyID, patch KeyPatch, options ...ChangeOption) (Key, error) {
	body, err := patchOf(patch)
	if err != nil {
		return Key{}, err
	}
	return w.one(ctx, id, w.change(http.MethodPatch, "", body, options))
}

// one sends a request about a key whose response is that key.
func (w *Workspace) one(ctx context.Context, id domain.KeyID, r request) (Key, error) {
	var key api.Key
	head, err := w.about(ctx, id, r, &key)
	if err != nil {
		return Key{}, err
	}
	result := keyOf(key)
	result.ETag = head.etag
	return result, nil
}

// DisableKey disables a key until it is enabled. It has no effect on a disabled
// key.
func (w *Workspace) DisableKey(ctx context.Context, id domain.KeyID, options ...ChangeOption) error {
	_, err := w.about(ctx, id, w.change(http.MethodPost, "/disable", nil, options), nil)
	return err
}

// EnableKey enables a disabled key. It has no effect on any other key.
func (w *Workspace) EnableKey(ctx context.Context, id domain.KeyID, options ...ChangeOption) error {
	_, err := w.about(ctx, id, w.change(http.MethodPost, "/enable", nil, options), nil)
	return err
}

// DeleteKey permanently deletes a key.
func (w *Workspace) DeleteKey(ctx context.Context, id domain.KeyID, options ...ChangeOption) error {
	if _, ok := domain.ParseKeyID(string(id)); !ok {
		return domain.ErrKeyNotFound
	}
	_, err := w.send(ctx, w.change(http.MethodPost, "/delete", api.KeyDeletion{KeyID: string(id)}, options), nil)
	return err
}

// RotateKey gives a key a new secret. The old one works until the grace period ends;
// grace is in whole seconds. Like CreateKey, it returns a [*Replayed] if the new secret
// was lost; rotate again to get another.
func (w *Workspace) RotateKey(ctx context.Context, id domain.KeyID, grace time.Duration, options ...ChangeOption) (CreatedKey, error) {
	seconds := int(grace / time.Second)
	var rotated api.RotatedKey
	r := w.change(http.MethodPost, "/rotate", api.KeyRotation{GracePeriodSeconds: &seconds}, options)
	head, err := w.about(ctx, id, r, &rotated)
	if err != nil {
		return CreatedKey{}, err
	}
	key := keyOf(api.Key{
		APIKeyID:    rotated.APIKeyID,
		Name:        rotated.Name,
		Status:      rotated.Status,
		Mode:        rotated.Mode,
		Permissions: rotated.Permissions,
		Scopes:      rotated.Scopes,
		IPWhitelist: rotated.IPWhitelist,
		CreatedAt:   rotated.CreatedAt,
		LastUsedAt:  rotated.LastUsedAt,
		CreatedBy:   rotated.CreatedBy,
		ExpiresAt:   rotated.ExpiresAt,
		RateLimits:  rotated.RateLimits,
		Quota:       rotated.Quota,
	})
	return withSecret(key, rotated.Secret, head)
}

// ListEvents returns one page of the audit trail of a key, newest first, even if the
// key is deleted. number is the number of the page, starting at 0, and size is its
// size, 1 to 100, or 0 for the default. See also [Workspace.Events].
func (w *Workspace) ListEvents(ctx context.Context, id domain.KeyID, number, size int) (EventPage, error) {
	var page api.EventPage
	r := request{method: http.MethodGet, tail: "/events", query: pageValues(number, size)}
	if _, err := w.about(ctx, id, r, &page); err != nil {
		return EventPage{}, err
	}
	return eventPageOf(page), nil
}

// about sends a request about one key. No key has a malformed ID, so it sends nothing
// for one.
func (w *Workspace) about(ctx context.Context, id domain.KeyID, r request, data any) (head, error) {
	if _, ok := domain.ParseKeyID(string(id)); !ok {
		return head{}, domain.ErrKeyNotFound
	}
	r.tail = "/" + string(id) + r.tail
	return w.send(ctx, r, data)
}

// send sends a request below the path of the keys, and decodes the data of its
// response.
func (w *Workspace) send(ctx context.Context, r request, data any) (head, error) {
	return w.sendTo(ctx, w.path, r, data)
}

// sendTo is send for a request below another path.
func (w *Workspace) sendTo(ctx context.Context, path string, r request, data any) (head, error) {
	if _, faults := domain.ParseWorkspaceID(string(w.id)); faults != nil {
		return head{}, fmt.Errorf("client: workspace ID: %w", faults.At("workspaceId"))
	}
	r.workspace = string(w.id)
	r.path = path + r.tail
	return w.manager.send(ctx, r, data)
}
