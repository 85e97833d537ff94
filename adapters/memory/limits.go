package memory

import (
	"context"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/limitcount"
	"github.com/slaunchx/apikeys/ports"
)

// LimitStore implements ports.LimitStore. It is safe for concurrent use. It keeps one
// count per bucket until ForgetLimits removes it.
type LimitStore struct {
	now func() time.Time

	mu     sync.Mutex
	counts map[ports.Bucket]limitcount.Count
}

// NewLimitStore returns a store without counts. The clock determines the windows.
func NewLimitStore(now func() time.Time) *LimitStore {
	return &LimitStore{now: now, counts: make(map[ports.Bucket]limitcount.Count)}
}

// Lease implements ports.LimitStore.
func (s *LimitStore) Lease(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	if err := alive(ctx); err != nil {
		return ports.Lease{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	count := s.counts[request.Bucket]
	lease := count.Lease(request, s.now())
	s.counts[request.Bucket] = count
	return lease, nil
}

// Peek implements ports.LimitStore.
func (s *LimitStore) Peek(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	if err := alive(ctx); err != nil {
		return ports.Lease{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	count := s.counts[request.Bucket]
	request.Want, request.Need = 0, 0
	return count.Lease(request, s.now()), nil
}

// GiveBack implements ports.LimitStore.
func (s *LimitStore) GiveBack(ctx context.Context, shares []ports.Share) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, share := range shares {
		if count, ok := s.counts[share.Bucket]; ok {
			count.GiveBack(share)
			s.counts[share.Bucket] = count
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
	before, removed := s.now().Add(-limitcount.KeptFor), 0
	for bucket, count := range s.counts {
		if removed == limit {
			break
		}
		if end := bucket.Window.End(count.Start); !end.IsZero() && !before.Before(end) {
			delete(s.counts, bucket)
			removed++
		}
	}
	return removed, nil
}
