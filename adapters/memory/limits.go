package memory

import (
	"context"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/ports"
)

// LimitStore implements ports.LimitStore. It is safe for concurrent use. It keeps one
// count per bucket until ForgetLimits removes it.
type LimitStore struct {
	now func() time.Time

	mu     sync.Mutex
	counts map[ports.Bucket]count
}

type count struct {
	start             time.Time
	granted, returned int64
}

// NewLimitStore returns a store without counts. The clock determines the windows.
func NewLimitStore(now func() time.Time) *LimitStore {
	return &LimitStore{now: now, counts: make(map[ports.Bucket]count)}
}

// Lease implements ports.LimitStore.
func (s *LimitStore) Lease(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	return s.lease(ctx, request, true)
}

// Peek implements ports.LimitStore.
func (s *LimitStore) Peek(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	request.Want, request.Need = 0, 0
	return s.lease(ctx, request, false)
}

func (s *LimitStore) lease(ctx context.Context, request ports.LeaseRequest, keep bool) (ports.Lease, error) {
	if err := alive(ctx); err != nil {
		return ports.Lease{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, window := s.now(), request.Bucket.Window
	c := s.counts[request.Bucket]
	if start := window.Start(at); c.start.Before(start) {
		c = count{start: start}
	}
	if request.Seen.Start.Equal(c.start) {
		c.granted = max(c.granted, request.Seen.GrantedToAll)
		c.returned = max(c.returned, request.Seen.Returned)
	}
	granted := min(request.Want, max(request.Max-c.granted+c.returned, 0))
	if granted < request.Need {
		granted = 0
	}
	c.granted += granted
	if keep {
		s.counts[request.Bucket] = c
	}
	lease := ports.Lease{Granted: granted, GrantedToAll: c.granted, Returned: c.returned, Start: c.start, Left: -1}
	if end := window.End(c.start); !end.IsZero() {
		lease.Left = end.Sub(at)
	}
	return lease, nil
}

// GiveBack implements ports.LimitStore.
func (s *LimitStore) GiveBack(ctx context.Context, shares []ports.Share) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, share := range shares {
		if c := s.counts[share.Bucket]; c.start.Equal(share.Start) {
			c.returned = min(c.returned+share.Amount, c.granted)
			s.counts[share.Bucket] = c
		}
	}
	return nil
}

// ForgetLimits implements ports.LimitStore.
func (s *LimitStore) ForgetLimits(ctx context.Context, limit int) (int, error) {
	if err := alive(ctx); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, removed := s.now().Add(-time.Hour), 0
	for bucket, c := range s.counts {
		if removed == limit {
			break
		}
		if end := bucket.Window.End(c.start); !end.IsZero() && !before.Before(end) {
			delete(s.counts, bucket)
			removed++
		}
	}
	return removed, nil
}
