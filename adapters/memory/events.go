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
	shown := part(all, page)
	for i, e := range shown {
		shown[i] = cloned(e)
	}
	return ports.EventPage{Events: shown, Total: int64(len(all))}, nil
}

// part returns what of all stands on the page.
func part[E any](all []E, page domain.Page) []E {
	begin := min(page.Offset(), int64(len(all)))
	end := min(begin+int64(page.Size()), int64(len(all)))
	return all[begin:end]
}

// cloned shares nothing with e that either side could change.
func cloned(e domain.Event) domain.Event {
	e.Changes = slices.Clone(e.Changes)
	for i, c := range e.Changes {
		e.Changes[i].Old, e.Changes[i].New = clonedValue(c.Old), clonedValue(c.New)
	}
	return e
}

func clonedValue(v any) any {
	if list, ok := v.([]string); ok {
		return slices.Clone(list)
	}
	return v
}
