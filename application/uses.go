package application

import (
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// uses are the last uses to be written, at most maxUsage of each kind.
type uses struct {
	lastUsed map[domain.KeyID]time.Time
	scopes   map[ports.ScopeOfKey]time.Time
	previous map[ports.PreviousSecret]time.Time
}

func newUses() uses {
	return uses{
		lastUsed: map[domain.KeyID]time.Time{},
		scopes:   map[ports.ScopeOfKey]time.Time{},
		previous: map[ports.PreviousSecret]time.Time{},
	}
}

// takeBatch removes and returns as many uses as one statement writes.
func (u uses) takeBatch() (map[domain.KeyID]time.Time, map[ports.ScopeOfKey]time.Time, map[ports.PreviousSecret]time.Time) {
	return takeSome(u.lastUsed), takeSome(u.scopes), takeSome(u.previous)
}

// takeSome removes and returns up to usageBatch entries.
func takeSome[K comparable, V any](queue map[K]V) map[K]V {
	taken := make(map[K]V, min(len(queue), usageBatch))
	for k, v := range queue {
		if len(taken) == usageBatch {
			break
		}
		taken[k] = v
		delete(queue, k)
	}
	return taken
}

// keepLatest queues a use unless a later one is queued, and returns the number of uses
// for which there is no room: 0 or 1.
func keepLatest[K comparable](queue map[K]time.Time, used K, at time.Time) (dropped uint64) {
	waiting, ok := queue[used]
	switch {
	case !ok && len(queue) >= maxUsage:
		return 1
	case !waiting.After(at):
		queue[used] = at
	}
	return 0
}

func keepAll[K comparable](queue, uses map[K]time.Time) (dropped uint64) {
	for used, at := range uses {
		dropped += keepLatest(queue, used, at)
	}
	return dropped
}
