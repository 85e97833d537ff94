package memory

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// RecordUse implements ports.UsageRecorder.
func (r *KeyRepository) RecordUse(ctx context.Context, lastUsed map[domain.KeyID]time.Time) error {
	return r.withoutEvent(ctx, func() {
		for id, at := range lastUsed {
			at = at.UTC().Truncate(time.Microsecond)
			s, exists := r.keys[id]
			if !exists || !s.DeletedAt.IsZero() || !at.After(s.LastUsedAt) {
				continue
			}
			s.LastUsedAt = at
			r.keys[id] = s
		}
	})
}

// Rehash implements ports.UsageRecorder.
func (r *KeyRepository) Rehash(ctx context.Context, replacements []domain.Rehash) error {
	return r.withoutEvent(ctx, func() {
		for _, replacement := range replacements {
			key := r.keys[replacement.KeyID]
			r.foreign.remove(key)
			for i := range key.Secrets {
				if key.Secrets[i].Digest == replacement.Old {
					key.Secrets[i].Digest = replacement.New
				}
			}
			r.foreign.add(key)
		}
	})
}

// withoutEvent runs f, which changes keys without recording an event, with both
// locks held.
func (r *KeyRepository) withoutEvent(ctx context.Context, f func()) error {
	if err := alive(ctx); err != nil {
		return err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	return nil
}
