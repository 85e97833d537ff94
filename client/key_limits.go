package client

import (
	"context"
	"net/http"

	"github.com/slaunchx/apikeys/domain"
)

// KeyLimits returns what is left of the limits of a key: the rate limits in their order,
// then the quota. It returns an empty list if the key has no limits. It spends nothing
// and does not count as use of the key. The windows of the limits are not set; see
// [Workspace.GetKey].
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
