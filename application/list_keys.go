package application

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// ListKeys shows the keys of a workspace to its owner.
type ListKeys struct {
	keys ports.KeyReader
	now  func() time.Time
}

// NewListKeys returns the use case.
func NewListKeys(keys ports.KeyReader, now func() time.Time) *ListKeys {
	return &ListKeys{keys: keys, now: now}
}

// Do returns one page of the keys that filter admits at its At, or now where
// that is zero. It returns the errors of [ports.KeyReader].
func (uc *ListKeys) Do(ctx context.Context, owner Owner, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	if err := owner.check(); err != nil {
		return ports.KeyPage{}, err
	}
	if filter.At.IsZero() {
		filter.At = uc.now()
	}
	return uc.keys.List(ctx, owner.workspace, filter, order, page)
}
