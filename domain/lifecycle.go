package domain

import "time"

// Disable disables the key until it is enabled again. It returns the event to
// record, or the zero Event if the key is already disabled.
func (k *APIKey) Disable(eventID string, by Author, now time.Time) Event {
	return k.switchTo(true, EventDisabled, eventID, by, now)
}

// Enable enables a disabled key. It returns the event to record, or the zero Event
// if the key is not disabled.
func (k *APIKey) Enable(eventID string, by Author, now time.Time) Event {
	return k.switchTo(false, EventEnabled, eventID, by, now)
}

func (k *APIKey) switchTo(disabled bool, t EventType, eventID string, by Author, now time.Time) Event {
	old := string(k.Status(now))
	if k.s.Unreadable.Has(PartStatus) {
		old = Unreadable
	} else if k.s.Disabled == disabled {
		return Event{}
	}
	k.s.Disabled = disabled
	k.s.Unreadable &^= PartStatus
	return k.event(t, eventID, by, now, Change{Field: "status", Old: old, New: string(k.Status(now))})
}

// Delete permanently deletes the key. It returns the event to record.
func (k *APIKey) Delete(eventID string, by Author, now time.Time) Event {
	k.s.DeletedAt = instant(now)
	return k.event(EventDeleted, eventID, by, now, Change{Field: "status", Old: string(k.Status(now))})
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
