package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// List implements ports.KeyReader.
func (r *KeyRepository) List(ctx context.Context, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return r.list(ctx, func(s domain.Snapshot) bool { return s.Workspace == workspace }, filter, order, page)
}

// ListAll implements ports.KeyReader.
func (r *KeyRepository) ListAll(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return r.list(ctx, func(domain.Snapshot) bool { return true }, filter, order, page)
}

func (r *KeyRepository) list(
	ctx context.Context, of func(domain.Snapshot) bool, filter domain.KeyFilter, order domain.Order, page domain.Page,
) (ports.KeyPage, error) {
	if err := alive(ctx); err != nil {
		return ports.KeyPage{}, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	var admitted []domain.Snapshot
	for _, s := range r.keys {
		if of(s) && filter.Admits(domain.Rehydrate(s)) {
			admitted = append(admitted, s)
		}
	}
	slices.SortFunc(admitted, comparison(order))
	list := ports.KeyPage{Total: int64(len(admitted))}
	for _, s := range pageOf(admitted, page) {
		list.Keys = append(list.Keys, domain.Rehydrate(s))
	}
	return list, nil
}

// comparison returns the function that compares two keys by order.
func comparison(order domain.Order) func(a, b domain.Snapshot) int {
	return func(a, b domain.Snapshot) int {
		if !order.Ascending {
			a, b = b, a
		}
		byID := cmp.Compare(a.ID, b.ID)
		if order.By == domain.ByName {
			return cmp.Or(cmp.Compare(a.Name.String(), b.Name.String()), byID)
		}
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), byID)
	}
}
