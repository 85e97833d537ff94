package fuzzapi

import (
	"context"
	"sync/atomic"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
)

// store is a repository that fails on demand.
type store struct {
	*memory.KeyRepository
	failure atomic.Pointer[error]
}

// fail makes every call fail so, or none where err is nil.
func (s *store) fail(err error) { s.failure.Store(&err) }

func (s *store) failing() error {
	if err := s.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Get implements ports.KeyReader.
func (s *store) Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error) {
	if err := s.failing(); err != nil {
		return nil, err
	}
	return s.KeyRepository.Get(ctx, workspace, id)
}

// Find implements ports.KeyFinder.
func (s *store) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	if err := s.failing(); err != nil {
		return nil, err
	}
	return s.KeyRepository.Find(ctx, id)
}

// Create implements ports.KeyWriter.
func (s *store) Create(ctx context.Context, key *domain.APIKey, event domain.Event) error {
	if err := s.failing(); err != nil {
		return err
	}
	return s.KeyRepository.Create(ctx, key, event)
}

// Update implements ports.KeyWriter.
func (s *store) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error)) error {
	if err := s.failing(); err != nil {
		return err
	}
	return s.KeyRepository.Update(ctx, workspace, id, change)
}

// Ready implements ports.KeyRepository.
func (s *store) Ready(ctx context.Context) error {
	if err := s.failing(); err != nil {
		return err
	}
	return s.KeyRepository.Ready(ctx)
}
