package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// ListKeys returns one page of the keys that match filter. Their status is
// compared as of filter.At, which defaults to the current time.
func (w *Workspace) ListKeys(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	if err := w.deps.Lifetime.Err(); err != nil {
		return ports.KeyPage{}, err
	}
	if filter.At.IsZero() {
		filter.At = w.deps.Now()
	}
	return w.deps.Keys.List(ctx, w.id, filter, order, page)
}
