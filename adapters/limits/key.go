package limits

import (
	"slices"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// key is what this process holds of the limits of one key.
type key struct {
	id domain.KeyID

	mu      sync.Mutex
	buckets []*bucket
	closed  bool                // evicted; another key has taken its place
	unused  []domain.LimitState // allocated in advance, atOnce at a time
	atOnce  int
}

// bucket is what this process holds of one limit. The mutex of its key guards it.
type bucket struct {
	id     ports.Bucket
	max    int64       // the limit when the store was last asked
	held   int64       // granted and not spent
	back   int64       // given back since the last response
	last   ports.Lease // the last response
	asked  time.Time   // when the request for last was sent; zero if there is none
	flight *flight     // the request in flight, or nil
}

// answer is the result of [key.spend]: a verdict, the limits that cannot be judged yet, or
// gone.
type answer struct {
	states   []domain.LimitState
	refusing int
	lacking  []lack
	gone     bool // the key was evicted
}

// lack is a limit that cannot be judged before a request to the store has ended.
type lack struct {
	index  int
	flight *flight
}

// spend judges cost at now by what the key holds, and spends it if no limit refuses. If
// the store must be asked first, it starts the requests. It does not judge the limits
// in unjudged, but returns their states.
func (k *key) spend(l *Limiter, limits []domain.Limit, cost int64, now time.Time, unjudged set) answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return answer{gone: true}
	}
	result := answer{refusing: -1}
	buckets := make([]*bucket, 0, domain.MaxRateLimits+1)
	for i := range limits {
		limit := &limits[i]
		b := k.bucket(limit, now)
		buckets = append(buckets, b)
		if unjudged.has(i) {
			continue
		}
		j := b.judge(limit, cost, now)
		switch {
		case j == unknown || j == lacks && result.refusing < 0:
			result.lacking = append(result.lacking, lack{i, b.request(l, k, limit, cost, now, result.refusing < 0 && cost > 0)})
		case j == refuses && result.refusing < 0 && result.lacking == nil:
			result.refusing = i
		}
	}
	if result.lacking != nil {
		return result
	}
	result.states = k.newStates(len(limits))
	for i, b := range buckets {
		limit := &limits[i]
		switch {
		case result.refusing >= 0:
			b.giveBackExcess(l, limit, now)
		case !unjudged.has(i):
			b.held -= cost
			b.prefetch(l, k, limit)
		}
		b.state(&result.states[i], limit, now)
	}
	return result
}

// look returns the states of the limits at now. If the store must be asked first and ask
// is set, it starts the requests.
func (k *key) look(l *Limiter, limits []domain.Limit, now time.Time, ask bool) answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return answer{gone: true}
	}
	result := answer{states: make([]domain.LimitState, len(limits))}
	for i := range limits {
		limit := &limits[i]
		b := k.bucket(limit, now)
		if b.judge(limit, 0, now) == unknown && ask {
			result.lacking = append(result.lacking, lack{i, b.request(l, k, limit, 0, now, false)})
		}
		b.state(&result.states[i], limit, now)
	}
	return result
}

// addTo adds what the key holds to seen, a bucket as the store has just described it.
// The store may have granted a share since then, so addTo uses the larger of both
// counts.
func (k *key) addTo(seen *bucket) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range k.buckets {
		if b.id == seen.id && b.last.Start.Equal(seen.last.Start) {
			seen.held = b.held
			seen.last.GrantedToAll = max(seen.last.GrantedToAll, b.last.GrantedToAll)
			seen.last.Returned = max(seen.last.Returned, b.last.Returned)
		}
	}
}

// bucket returns the bucket of limit, which it adds if there is none.
func (k *key) bucket(limit *domain.Limit, now time.Time) *bucket {
	for _, b := range k.buckets {
		if b.id.Name == limit.Name && b.id.Window == limit.Window {
			return b
		}
	}
	if len(k.buckets) >= 4*domain.MaxRateLimits { // those of limits that were removed
		k.buckets = slices.DeleteFunc(k.buckets, func(b *bucket) bool { return b.flight == nil && b.ended(now) })
	}
	b := &bucket{id: ports.Bucket{KeyID: k.id, Name: limit.Name, Window: limit.Window}}
	k.buckets = append(k.buckets, b)
	return b
}

// close returns what the key holds. The key must not be used again.
func (k *key) close(now time.Time) (shares []ports.Share) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for _, b := range k.buckets {
		if b.held > 0 && !b.ended(now) {
			shares = append(shares, ports.Share{Bucket: b.id, Start: b.last.Start, Amount: b.held})
		}
		b.held = 0
	}
	return shares
}

type judgement int

const (
	allows judgement = iota
	refuses
	lacks   // allows, if the store grants another share
	unknown // the store must say what is left
)

// judge judges cost by what the bucket holds at now. A cost of 0 is allowed as long as
// something is left, even if none of it is held here: a share leased for it might stay
// unspent.
func (b *bucket) judge(limit *domain.Limit, cost int64, now time.Time) judgement {
	if b.ended(now) || limit.Max < b.max {
		return unknown
	}
	b.max = limit.Max
	switch {
	case b.usable() >= max(cost, 1) || cost == 0 && b.remaining() > 0:
		return allows
	case b.remaining() >= cost && cost > 0 || domain.Elapsed(b.asked, now) >= recheckAfter:
		return lacks
	}
	return refuses
}

// ended reports whether the window of the last response has ended, or there was none.
func (b *bucket) ended(now time.Time) bool {
	_, ended := b.left(now)
	return ended
}

// left returns the time until the window of the last response ends, or a negative time if
// it never ends, and reports whether it has ended or there was no response. A check that
// began before the request was sent sees the window as of the request.
func (b *bucket) left(now time.Time) (left time.Duration, ended bool) {
	switch {
	case b.asked.IsZero():
		return 0, true
	case b.last.Left < 0:
		return -1, false
	}
	left = b.last.Left - max(domain.Elapsed(b.asked, now), 0)
	return left, left <= 0
}

// usable returns how much of what is held the current limit allows to spend. If the
// limit was lowered below what was granted, the excess is deducted here, since it is
// unknown who holds it.
func (b *bucket) usable() int64 { return b.held - max(b.last.Total()-b.max, 0) }

// remaining returns what was left of the limit when the bucket was last seen.
func (b *bucket) remaining() int64 { return max(b.max-b.last.Total()+b.held+b.back, 0) }

// state sets state to the bucket's state as last seen. A window that was never seen
// counts as unspent, and its start is taken from the clock of this process.
func (b *bucket) state(state *domain.LimitState, limit *domain.Limit, now time.Time) {
	left, ended := b.left(now)
	state.Limit, state.Reset = *limit, left
	if !ended {
		state.Remaining, state.Start = max(limit.Max-b.last.Total()+b.held+b.back, 0), b.last.Start
		return
	}
	state.Remaining, state.Start, state.Reset = limit.Max, limit.Window.Start(now), -1
	if end := limit.Window.End(state.Start); !end.IsZero() {
		state.Reset = end.Sub(now)
	}
}

// set is a set of indexes of limits.
type set uint

func (s set) has(i int) bool { return s&(1<<i) != 0 }

func (s *set) add(i int) { *s |= 1 << i }
