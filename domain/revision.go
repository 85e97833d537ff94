package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Revision is a change of a key's properties. Nil fields are left unchanged.
type Revision struct {
	Name        *Name
	Scopes      *ScopeSet
	IPWhitelist *IPWhitelist
	ExpiresAt   *time.Time // the zero time means never
	RateLimits  *[]Limit
	Quota       *Limit // the zero value means none
}

// Revise applies r to the key and returns the event to record, with old and new
// values, or the zero Event if nothing changed. It returns [Faults] for a new
// expiry that is not in the future.
func (k *APIKey) Revise(r Revision, eventID string, by Author, now time.Time) (Event, error) {
	if r.ExpiresAt != nil && !r.ExpiresAt.IsZero() {
		if faults := checkExpiry(*r.ExpiresAt, now); faults != nil {
			return Event{}, faults.At("expiresAt").Err()
		}
	}
	before := *k
	if r.Name != nil {
		k.s.Name = *r.Name
		k.s.Unreadable &^= PartName
	}
	if r.Scopes != nil {
		k.s.Scopes = *r.Scopes
		k.s.Unreadable &^= PartScopes
	}
	if r.IPWhitelist != nil {
		k.s.IPWhitelist = *r.IPWhitelist
		k.s.Unreadable &^= PartIPWhitelist
	}
	if r.ExpiresAt != nil {
		k.s.ExpiresAt = instant(*r.ExpiresAt)
		k.s.Unreadable &^= PartExpiresAt
	}
	if r.RateLimits != nil {
		k.s.RateLimits = slices.Clone(*r.RateLimits)
		k.s.Unreadable &^= PartRateLimits
	}
	if r.Quota != nil {
		k.s.Quota = *r.Quota
		k.s.Unreadable &^= PartQuota
	}
	changes := differences(&before, k)
	if len(changes) == 0 {
		return Event{}, nil
	}
	return k.event(EventUpdated, eventID, by, now, changes...), nil
}

// Tag returns a tag of the state that the owner of the key can change. Different states
// have different tags, and a tag does not reveal the state. Limits that the key does not
// have are left out, so that a key without limits has the same tag as in builds that do
// not know limits.
func (k *APIKey) Tag() string {
	h := sha256.New()
	for _, a := range k.attributes() {
		if a.absent {
			continue
		}
		_, _ = fmt.Fprintf(h, "%s=%q\n", a.field, a.value)
	}
	_, _ = fmt.Fprintf(h, "disabled=%t\n", k.s.Disabled)
	if k.s.Unreadable != 0 {
		_, _ = fmt.Fprintf(h, "unreadable=%s\n", k.s.Unreadable)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// attribute is a part of a key that can be revised, with its value in the form of
// the audit trail.
type attribute struct {
	part  Parts
	field string
	value any
	// absent is set for limits that the key does not have.
	absent bool
}

// attributes returns the parts that can be revised, in a fixed order.
func (k *APIKey) attributes() []attribute {
	var expiresAt any
	if !k.s.ExpiresAt.IsZero() {
		expiresAt = k.s.ExpiresAt.Format(time.RFC3339)
	}
	var quota any
	if k.s.Quota != (Limit{}) {
		quota = k.s.Quota.String()
	}
	all := []attribute{
		{part: PartName, field: "name", value: k.s.Name.String()},
		{part: PartScopes, field: "scopes", value: texts(k.s.Scopes.Codes())},
		{part: PartIPWhitelist, field: "ipWhitelist", value: spelled(k.s.IPWhitelist.ranges)},
		{part: PartExpiresAt, field: "expiresAt", value: expiresAt},
		{part: PartRateLimits, field: "rateLimits", value: spelled(k.s.RateLimits), absent: len(k.s.RateLimits) == 0},
		{part: PartQuota, field: "quota", value: quota, absent: quota == nil},
	}
	for i := range all {
		if k.s.Unreadable.Has(all[i].part) {
			all[i].value, all[i].absent = Unreadable, false
		}
	}
	return all
}

// differences returns the attributes that differ, including those that were unreadable
// in before but not in after.
func differences(before, after *APIKey) []Change {
	old := before.attributes()
	repaired := before.s.Unreadable &^ after.s.Unreadable
	var changes []Change
	for i, a := range after.attributes() {
		if repaired.Has(a.part) || !same(old[i].value, a.value) {
			changes = append(changes, Change{Field: a.field, Old: old[i].value, New: a.value})
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
