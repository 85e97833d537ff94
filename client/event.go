package client

import (
	"time"

	"github.com/slaunchx/apikeys/client/internal/api"
	"github.com/slaunchx/apikeys/domain"
)

// Event is one entry of the audit trail of a key. It never contains a secret.
type Event struct {
	ID         string
	Type       domain.EventType
	At         time.Time
	AccountID  string
	Portal     domain.Portal
	ClientHash string
	IP         string // empty if unknown
	RequestID  string
	Changes    []Change
}

// Change is the change of one property. A value is a string, a []any of strings,
// or nil for none.
type Change struct {
	Field    string
	Old, New any
}

// EventPage is one page of events.
type EventPage struct {
	Events []Event
	Total  int // of all pages
}

func eventPageOf(page api.EventPage) EventPage {
	events := make([]Event, len(page.Items))
	for i, event := range page.Items {
		events[i] = eventOf(event)
	}
	return EventPage{Events: events, Total: page.Total}
}

func eventOf(event api.Event) Event {
	changes := make([]Change, len(event.Changes))
	for i, change := range event.Changes {
		changes[i] = Change{Field: change.Field, Old: change.Old, New: change.New}
	}
	result := Event{
		ID:         event.EventID,
		Type:       domain.EventType(event.Type),
		At:         event.At.UTC(),
		AccountID:  event.AccountID,
		Portal:     domain.Portal(event.Portal),
		ClientHash: event.ClientHash,
		RequestID:  event.RequestID,
		Changes:    changes,
	}
	if event.IP != nil {
		result.IP = *event.IP
	}
	return result
}
