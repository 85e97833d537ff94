package keycache

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Evicting returns a writer that evicts the key of each change before it
// returns, so that a check that begins afterwards sees the change. A failed
// write evicts too, because the change may have been made.
func (c *Cache) Evicting(writer ports.KeyWriter) ports.KeyWriter {
	return evicting{cache: c, writer: writer}
}

type evicting struct {
	cache  *Cache
	writer ports.KeyWriter
}

// Create implements ports.KeyWriter.
func (e evicting) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	defer e.cache.evictNew(key)
	return e.writer.Create(ctx, key, event, options)
}

// Update implements ports.KeyWriter.
func (e evicting) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	defer e.cache.Evict(id)
	return e.writer.Update(ctx, workspace, id, change, options)
}
