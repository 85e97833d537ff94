package memory

import (
	"context"
	"slices"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Events implements ports.EventReader.
func (r *KeyRepository) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	if err := alive(ctx); err != nil {
		return ports.EventPage{}, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	var all []domain.Event
	for _, e := range slices.Backward(r.events[id]) {
		if e.Workspace == workspace {
			all = append(all, e)
		}
	}
	shown := pageOf(all, page)
	for i, e := range shown {
		shown[i] = clone(e)
	}
	return ports.EventPage{Events: shown, Total: int64(len(all))}, nil
}

// pageOf returns the elements of all that are on the page.
func pageOf[E any](all []E, page domain.Page) []E {
	begin := min(page.Offset(), int64(len(all)))
	end := min(begin+int64(page.Size()), int64(len(all)))
	return all[begin:end]
}

// clone returns a deep copy of e.
func clone(e domain.Event) domain.Event {
	e.Changes = slices.Clone(e.Changes)
	for i, c := range e.Changes {
		e.Changes[i].Old, e.Changes[i].New = cloneValue(c.Old), cloneValue(c.New)
	}
	return e
}

func cloneValue(v any) any {
	if list, ok := v.([]string); ok {
		return slices.Clone(list)
	}
	return v
}
