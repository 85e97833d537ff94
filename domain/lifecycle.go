package domain

import (
	"time"
)

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

// MaxGrace is the maximum grace period, during which a rotated secret still works.
const MaxGrace = 7 * 24 * time.Hour

// ParseGrace returns a grace period of the given number of seconds, which must be
// 0 to [MaxGrace].
func ParseGrace(seconds int64) (time.Duration, Faults) {
	if seconds < 0 || seconds > int64(MaxGrace/time.Second) {
		return 0, fault(ReasonRange, RuleGraceRange)
	}
	return time.Duration(seconds) * time.Second, nil
}

// Rotate makes digest the digest of the key's current secret. The previous secret
// works until the grace period ends, which is 0 to [MaxGrace]; older ones end
// immediately, so that at most two are valid. Rotate returns the event to record,
// [ErrConflict] if the key has expired, and [Faults] if grace is out of range.
func (k *APIKey) Rotate(digest Digest, grace time.Duration, eventID string, by Author, now time.Time) (Event, error) {
	if grace < 0 || grace > MaxGrace {
		return Event{}, fault(ReasonRange, RuleGraceRange).At("gracePeriodSeconds").Err()
	}
	if k.expired(now) {
		return Event{}, ErrConflict
	}
	secrets := []StoredSecret{{Digest: digest}}
	end := instant(now)
	if old, ok := k.currentSecret(); ok && grace > 0 {
		end = instant(now.Add(grace))
		// Grace may only shorten the remaining validity of the old secret.
		if !old.ValidUntil.IsZero() && old.ValidUntil.Before(end) {
			end = old.ValidUntil
		}
		old.ValidUntil = end
		secrets = append(secrets, old)
	}
	k.s.Secrets = secrets
	k.s.Unreadable &^= PartSecrets
	until := Change{Field: "previousSecretValidUntil", New: end.Format(time.RFC3339)}
	return k.event(EventRotated, eventID, by, now, until), nil
}

// currentSecret returns the secret that Rotate replaces, or false if there is no
// readable one.
func (k *APIKey) currentSecret() (StoredSecret, bool) {
	if len(k.s.Secrets) == 0 || k.s.Secrets[0] == UnreadableSecret() {
		return StoredSecret{}, false
	}
	return k.s.Secrets[0], true
}
