package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Revision is what the owner of a key changes of it. What is nil stays.
type Revision struct {
	Name        *Name
	Scopes      *ScopeSet
	IPWhitelist *IPWhitelist
	ExpiresAt   *time.Time // zero: never
}

// Revise changes the key and returns the event to record, with the old and
// the new values, or a zero one when nothing changed. It returns
// [Faults] for a new expiry that is not in the future.
func (k *APIKey) Revise(r Revision, eventID string, by Author, now time.Time) (Event, error) {
	if r.ExpiresAt != nil && !r.ExpiresAt.IsZero() {
		if faults := judgeExpiry(*r.ExpiresAt, now); faults != nil {
			return Event{}, faults.At("expiresAt").Err()
		}
	}
	old := k.attributes()
	if r.Name != nil {
		k.s.Name = *r.Name
	}
	if r.Scopes != nil {
		k.s.Scopes = *r.Scopes
	}
	if r.IPWhitelist != nil {
		k.s.IPWhitelist = *r.IPWhitelist
	}
	if r.ExpiresAt != nil {
		k.s.ExpiresAt = instant(*r.ExpiresAt)
	}
	changes := differences(old, k.attributes())
	if len(changes) == 0 {
		return Event{}, nil
	}
	return k.event(EventUpdated, eventID, by, now, changes...), nil
}

// Tag names the state of the key that its owner can change: it differs
// whenever that does, and tells nothing of it.
func (k *APIKey) Tag() string {
	h := sha256.New()
	for _, a := range k.attributes() {
		_, _ = fmt.Fprintf(h, "%s=%q\n", a.Field, a.New)
	}
	_, _ = fmt.Fprintf(h, "disabled=%t\n", k.s.Disabled)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// attributes are what can be revised, as the audit trail writes them.
func (k *APIKey) attributes() []Change {
	var expiresAt any
	if !k.s.ExpiresAt.IsZero() {
		expiresAt = k.s.ExpiresAt.Format(time.RFC3339)
	}
	var whitelist any = spelled(k.s.IPWhitelist.ranges)
	if k.s.IPWhitelist.unreadable {
		whitelist = "unreadable"
	}
	return []Change{
		{Field: "name", New: k.s.Name.String()},
		{Field: "scopes", New: texts(k.s.Scopes.codes)},
		{Field: "ipWhitelist", New: whitelist},
		{Field: "expiresAt", New: expiresAt},
	}
}

// differences pairs the attributes whose values differ.
func differences(before, after []Change) []Change {
	var changes []Change
	for i, a := range after {
		if b := before[i]; !same(b.New, a.New) {
			changes = append(changes, Change{Field: a.Field, Old: b.New, New: a.New})
		}
	}
	return changes
}

func same(a, b any) bool {
	list, isList := a.([]string)
	other, isOther := b.([]string)
	if isList || isOther {
		return isList && isOther && slices.Equal(list, other)
	}
	return a == b
}
