package client

import (
	"context"
	"net/http"

	"github.com/slaunchx/apikeys/domain"
)

// KeyLimits returns what is left of the limits of a key: rate limits in their order, then
// the quota, or nothing if it has none. It spends nothing and is no use of the key. The
// windows of the limits are not set; see [Workspace.GetKey].
func (w *Workspace) KeyLimits(ctx context.Context, id domain.KeyID) ([]domain.LimitState, error) {
	var data struct {
		Limits *[]limitState `json:"limits"`
	}
	if _, err := w.about(ctx, id, request{method: http.MethodGet, tail: "/limits"}, &data); err != nil {
		return nil, err
	}
	if data.Limits == nil {
		return nil, errNotManagement
	}
	states, ok := statesOf(*data.Limits)
	if !ok {
		return nil, errNotManagement
	}
	return states, nil
}
