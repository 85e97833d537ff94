package domain

import (
	"encoding/json"
	"time"
)

// The types below are marshalled as in the HTTP API. Without these methods, the
// encoders of the standard library would produce empty values for most of them, because
// they have no exported fields.

// MarshalText returns the name.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.text), nil }

// MarshalText returns the case-folded term; see [NamePart.Folded].
func (p NamePart) MarshalText() ([]byte, error) { return []byte(p.folded), nil }

// MarshalText returns LIVE or TEST.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// MarshalText returns the canonical spelling.
func (r IPRange) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// MarshalJSON returns an array of the codes.
func (s ScopeSet) MarshalJSON() ([]byte, error) { return marshalList(s.Codes()) }

// MarshalJSON returns an array of the entries, or null for an unreadable whitelist,
// because an empty array would mean that there is no restriction.
func (w IPWhitelist) MarshalJSON() ([]byte, error) {
	if w.unreadable {
		return []byte("null"), nil
	}
	return marshalList(w.ranges)
}

// marshalList never returns null.
func marshalList[T any](list []T) ([]byte, error) {
	if len(list) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal(list)
}

// MarshalJSON returns the members that the result of a check has for a proven key.
func (i Identity) MarshalJSON() ([]byte, error) {
	return marshalObject(
		member{"apiKeyId", i.KeyID},
		member{"workspaceId", i.Workspace},
		member{"mode", i.Mode},
		member{"scopes", i.Scopes},
		member{"expiresAt", second(i.ExpiresAt)},
	)
}

// MarshalJSON returns the key as the get operation does, without secrets and digests.
// Its status is evaluated at the current time of the system clock; for any other time,
// use [APIKey.Status].
func (k APIKey) MarshalJSON() ([]byte, error) {
	return marshalObject(
		member{"apiKeyId", k.s.ID},
		member{"name", k.s.Name},
		member{"status", k.Status(time.Now())},
		member{"mode", k.s.Mode},
		member{"permissions", k.s.Scopes},
		member{"scopes", k.s.Scopes},
		member{"ipWhitelist", k.s.IPWhitelist},
		member{"createdAt", second(k.s.CreatedAt)},
		member{"lastUsedAt", second(k.s.LastUsedAt)},
		member{"createdBy", k.s.CreatedBy},
		member{"expiresAt", second(k.s.ExpiresAt)},
		member{"rateLimits", list(k.s.RateLimits)},
		member{"quota", quotaOrNull(k.s.Quota)},
	)
}

// MarshalJSON returns the members that a rate limit or a quota has in a key.
func (l Limit) MarshalJSON() ([]byte, error) {
	if l.IsQuota() {
		return marshalObject(member{"limit", l.Max}, member{"period", l.Window.Period()})
	}
	return marshalObject(member{"name", l.Name}, member{"limit", l.Max}, member{"windowSeconds", l.Window.Seconds()})
}

// MarshalJSON returns the members that the state has in the result of a check.
func (s LimitState) MarshalJSON() ([]byte, error) {
	var reset any
	if seconds, ends := s.ResetSeconds(); ends {
		reset = seconds
	}
	return marshalObject(
		member{"name", s.Limit.Name}, member{"limit", s.Limit.Max}, member{"remaining", s.Remaining}, member{"resetSeconds", reset},
	)
}

// MarshalJSON returns the cost as a number.
func (c Cost) MarshalJSON() ([]byte, error) { return json.Marshal(c.Units()) }

// list returns a copy of limits that is never nil.
func list(limits []Limit) []Limit { return append([]Limit{}, limits...) }

// quotaOrNull returns nil for the zero value.
func quotaOrNull(quota Limit) any {
	if quota == (Limit{}) {
		return nil
	}
	return quota
}

// member is a member of a JSON object. Its name needs no escaping.
type member struct {
	name  string
	value any
}

// marshalObject returns an object with the members in their order.
func marshalObject(members ...member) ([]byte, error) {
	object := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			object = append(object, ',')
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		object = append(object, '"')
		object = append(object, m.name...)
		object = append(object, '"', ':')
		object = append(object, value...)
	}
	return append(object, '}'), nil
}

// second returns t in RFC 3339, in UTC and whole seconds, or nil for the zero time.
func second(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
