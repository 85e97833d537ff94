package memory

import (
	"context"
	"maps"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// usage is the recorded usage of keys.
type usage struct {
	batches  map[string]domain.Day // by ID
	checks   map[ports.CheckCount]int64
	scopes   map[domain.KeyID]map[domain.Scope]time.Time
	previous map[ports.PreviousSecret]time.Time
}

func newUsage() usage {
	return usage{
		batches:  make(map[string]domain.Day),
		checks:   make(map[ports.CheckCount]int64),
		scopes:   make(map[domain.KeyID]map[domain.Scope]time.Time),
		previous: make(map[ports.PreviousSecret]time.Time),
	}
}

// RecordUse implements ports.UsageRecorder.
func (r *KeyRepository) RecordUse(ctx context.Context, batch ports.UsageBatch) error {
	return r.withoutEvent(ctx, func() {
		r.recordLastUse(batch.LastUsed)
		for used, at := range batch.Scopes {
			if r.lives(used.KeyID) {
				if r.usage.scopes[used.KeyID] == nil {
					r.usage.scopes[used.KeyID] = make(map[domain.Scope]time.Time)
				}
				keepLatest(r.usage.scopes[used.KeyID], used.Scope, at)
			}
		}
		for used, at := range batch.Previous {
			if r.lives(used.KeyID) {
				keepLatest(r.usage.previous, used, at)
			}
		}
		if _, recorded := r.usage.batches[batch.ID]; recorded {
			return
		}
		r.usage.batches[batch.ID] = batch.Day
		for count, n := range batch.Checks {
			if r.lives(count.KeyID) {
				r.usage.checks[count] += n
			}
		}
	})
}

func (r *KeyRepository) recordLastUse(lastUsed map[domain.KeyID]time.Time) {
	for id, at := range lastUsed {
		at = at.UTC().Truncate(time.Microsecond)
		if s := r.keys[id]; r.lives(id) && at.After(s.LastUsedAt) {
			s.LastUsedAt = at
			r.keys[id] = s
		}
	}
}

// lives reports whether there is a key with the given ID that is not deleted.
func (r *KeyRepository) lives(id domain.KeyID) bool { return living(r.keys[id]) == 1 }

// keepLatest sets the time of a use, unless a later one is kept.
func keepLatest[K comparable](kept map[K]time.Time, used K, at time.Time) {
	if at = at.UTC().Truncate(time.Microsecond); at.After(kept[used]) {
		kept[used] = at
	}
}

// Usage implements ports.UsageRecorder.
func (r *KeyRepository) Usage(ctx context.Context, query ports.UsageQuery) (ports.Usage, error) {
	if err := alive(ctx); err != nil {
		return ports.Usage{}, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	found := ports.Usage{
		Checks:       make(map[ports.CheckCount]int64),
		Scopes:       maps.Clone(r.usage.scopes[query.KeyID]),
		PreviousUsed: r.usage.previous[ports.PreviousSecret{KeyID: query.KeyID, ValidUntil: query.PreviousValidUntil}],
	}
	for day := query.Days.From; day <= query.Days.To; day++ {
		for _, verdict := range domain.Verdicts() {
			count := ports.CheckCount{KeyID: query.KeyID, Day: day, Verdict: verdict}
			if n := r.usage.checks[count]; n > 0 {
				found.Checks[count] = n
			}
		}
	}
	return found, nil
}

// ForgetUsage implements ports.UsageRecorder.
func (r *KeyRepository) ForgetUsage(ctx context.Context, today domain.Day, limit int) (removed int, err error) {
	err = r.withoutEvent(ctx, func() {
		removed = forget(r.usage.checks, limit, func(count ports.CheckCount, _ int64) bool {
			return count.Day < today-domain.KeptUsageDays
		})
		removed += forget(r.usage.batches, limit, func(_ string, day domain.Day) bool { return day < today-1 })
		removed += forget(r.usage.previous, limit, func(secret ports.PreviousSecret, _ time.Time) bool {
			return secret.ValidUntil.Before((today - 1).Start())
		})
	})
	return removed, err
}

// forget removes up to limit entries that are old, and returns how many it has removed.
func forget[K comparable, V any](kept map[K]V, limit int, old func(K, V) bool) (removed int) {
	for k, v := range kept {
		if removed < limit && old(k, v) {
			delete(kept, k)
			removed++
		}
	}
	return removed
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
