package domain

import (
	"io"
	"time"
)

// EventType says what happened to a key.
type EventType string

// The events of a key's life.
const (
	EventCreated  EventType = "CREATED"
	EventRotated  EventType = "ROTATED"
	EventUpdated  EventType = "UPDATED"
	EventDisabled EventType = "DISABLED"
	EventEnabled  EventType = "ENABLED"
	EventDeleted  EventType = "DELETED"
)

// Change is one attribute that an event changed. Values are strings, lists of
// strings, or nil for none; a secret or digest is never among them.
type Change struct {
	Field    string
	Old, New any
}

// Event is one entry of the audit trail.
type Event struct {
	ID        string
	KeyID     KeyID
	Workspace WorkspaceID
	Type      EventType
	At        time.Time
	By        Author
	Changes   []Change
}

// NewEventID makes an event identifier: evt_ and 22 base62 digits. It fails
// only when random does.
func NewEventID(random io.Reader) (string, error) {
	digits, err := randomBase62(random, 22)
	return "evt_" + digits, err
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
