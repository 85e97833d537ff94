package domain

import (
	"io"
	"time"
)

// EventType is the type of an [Event].
type EventType string

// The event types.
const (
	EventCreated  EventType = "CREATED"
	EventRotated  EventType = "ROTATED"
	EventUpdated  EventType = "UPDATED"
	EventDisabled EventType = "DISABLED"
	EventEnabled  EventType = "ENABLED"
	EventDeleted  EventType = "DELETED"
	// EventLeaked records that a secret of the key was found where it does not belong.
	// A resulting change of the key is recorded by a separate event.
	EventLeaked EventType = "KEY_LEAKED"

	// The events of webhooks, each of which has its own audit trail.
	EventWebhookCreated EventType = "WEBHOOK_CREATED"
	EventWebhookUpdated EventType = "WEBHOOK_UPDATED"
	EventWebhookRotated EventType = "WEBHOOK_ROTATED"
	EventWebhookDeleted EventType = "WEBHOOK_DELETED"
	// EventWebhookStopped records that the service has disabled a webhook.
	EventWebhookStopped EventType = "WEBHOOK_STOPPED"
)

// Change is one changed attribute of an event. Values are strings, lists of
// strings, or nil for none; they never contain a secret or digest.
type Change struct {
	Field    string
	Old, New any
}

// Event is one entry of the audit trail.
type Event struct {
	ID        string
	KeyID     KeyID // of the key, or the ID of the webhook that the event is about
	Workspace WorkspaceID
	Type      EventType
	At        time.Time
	By        Author
	Changes   []Change
}

// NewEventID returns a new event ID: evt_, the milliseconds from the Unix epoch to at as
// 8 base62 digits, and 14 random ones. As in UUIDs of version 7 (RFC 9562, section 5.7),
// the time in front keeps new rows together in the indexes of a store. It returns an error
// only if reading random fails.
func NewEventID(at time.Time, random io.Reader) (string, error) {
	var ms [8]byte
	putBase62(ms[:], uint64(max(at.UnixMilli(), 0)))
	digits, err := randomBase62(random, 14)
	return "evt_" + string(ms[:]) + digits, err
}

func texts[S ~string](in []S) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}

func spelled[S interface{ String() string }](in []S) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = s.String()
	}
	return out
}

func (k *APIKey) event(t EventType, eventID string, by Author, now time.Time, changes ...Change) Event {
	return Event{
		ID:        eventID,
		KeyID:     k.s.ID,
		Workspace: k.s.Workspace,
		Type:      t,
		At:        instant(now),
		By:        by,
		Changes:   changes,
	}
}
