package application

import (
	"context"
	"sync"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Exclusive returns a writer that forwards to writer, but rejects a change with
// [domain.ErrIdempotencyKeyInUse] while another with the same idempotency key is in
// flight in this process.
func Exclusive(writer ports.KeyWriter) ports.KeyWriter {
	return &exclusive{writer: writer, running: make(map[idempotencyKey]struct{})}
}

type exclusive struct {
	writer ports.KeyWriter

	mu      sync.Mutex
	running map[idempotencyKey]struct{} // at most one entry per request in flight
}

type idempotencyKey struct {
	workspace domain.WorkspaceID
	key       string
}

// Create implements ports.KeyWriter.
func (e *exclusive) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	return e.alone(key.Snapshot().Workspace, options.Idempotency, func() error {
		return e.writer.Create(ctx, key, event, options)
	})
}

// Update implements ports.KeyWriter.
func (e *exclusive) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	return e.alone(workspace, options.Idempotency, func() error {
		return e.writer.Update(ctx, workspace, id, change, options)
	})
}

func (e *exclusive) alone(workspace domain.WorkspaceID, idempotency *ports.Idempotency, write func() error) error {
	if idempotency == nil {
		return write()
	}
	name := idempotencyKey{workspace, idempotency.Key}
	if !e.enter(name) {
		return domain.ErrIdempotencyKeyInUse
	}
	defer e.leave(name)
	return write()
}

func (e *exclusive) enter(name idempotencyKey) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, taken := e.running[name]; taken {
		return false
	}
	e.running[name] = struct{}{}
	return true
}

func (e *exclusive) leave(name idempotencyKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, name)
}
