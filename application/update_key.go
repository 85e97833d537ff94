package application

import (
	"context"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// UpdateKey changes what patch sets and returns the key as it is afterwards. A
// patch that changes nothing is not recorded. If tags is not nil, the key must
// still have one of them (see [domain.APIKey.Tag]), otherwise UpdateKey returns
// [domain.ErrChanged]. It returns [domain.Faults] with every fault of patch.
func (w *Workspace) UpdateKey(ctx context.Context, id domain.KeyID, patch domain.KeyPatch, tags []string) (*domain.APIKey, error) {
	revision, faults := patch.Revision(w.deps.Now())
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
