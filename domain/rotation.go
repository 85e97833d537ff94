package domain

import "time"

// MaxGrace is how long a rotated secret may go on working at most.
const MaxGrace = 7 * 24 * time.Hour

// ParseGrace returns a grace of that many seconds: 0 to [MaxGrace].
func ParseGrace(seconds int64) (time.Duration, Faults) {
	if seconds < 0 || seconds > int64(MaxGrace/time.Second) {
		return 0, fault(ReasonRange, RuleGraceRange)
	}
	return time.Duration(seconds) * time.Second, nil
}

// Rotate makes digest that of the key's current secret and lets the one it
// had work until the grace ends, which is 0 to [MaxGrace]. Secrets from before
// that end at once, so that no more than two are alive. It returns the event to
// record; [ErrConflict] when the key has expired, and [Faults] for
// another grace.
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
		// A grace may only shorten what the old secret had left.
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

// currentSecret returns the secret that Rotate replaces, or false if there is
// none that can be read.
func (k *APIKey) currentSecret() (StoredSecret, bool) {
	if len(k.s.Secrets) == 0 || k.s.Secrets[0] == UnreadableSecret() {
		return StoredSecret{}, false
	}
	return k.s.Secrets[0], true
}
