package application

import (
	"context"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// UpdateKey applies patch to a key and returns the updated key. A patch that
// changes nothing is not recorded. If tags is not nil, the key must have one of
// them (see [domain.APIKey.Tag]); otherwise UpdateKey returns [domain.ErrChanged].
// It returns [domain.Faults] with all faults of patch.
func (w *Workspace) UpdateKey(ctx context.Context, id domain.KeyID, patch domain.KeyPatch, tags []string) (*domain.APIKey, error) {
	revision, faults := patch.Revision(w.deps.Now())
	if faults == nil {
		faults = w.deps.Limits.unsupported(
			revision.RateLimits != nil && len(*revision.RateLimits) > 0, revision.Quota != nil && *revision.Quota != (domain.Limit{}))
	}
	if faults != nil {
		return nil, faults
	}
	return w.change(ctx, id, nil, func(key *domain.APIKey, eventID string, now time.Time) (domain.Event, error) {
		if tags != nil && !slices.Contains(tags, key.Tag()) {
			return domain.Event{}, domain.ErrChanged
		}
		return key.Revise(revision, eventID, w.author, now)
	})
}
