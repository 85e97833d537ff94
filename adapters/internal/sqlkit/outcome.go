package sqlkit

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// outcomeJSON is a key as a request left it, stored with the idempotency key of
// that request. It has no member for a secret or digest.
type outcomeJSON struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Mode        int64           `json:"mode"`
	Scopes      json.RawMessage `json:"scopes"`
	IPWhitelist json.RawMessage `json:"ip_whitelist"` // null means unreadable
	Disabled    bool            `json:"disabled"`
	CreatedBy   string          `json:"created_by"`
	CreatedAt   time.Time       `json:"created_at"`
	ExpiresAt   time.Time       `json:"expires_at,omitzero"`
	LastUsedAt  time.Time       `json:"last_used_at,omitzero"`
	DeletedAt   time.Time       `json:"deleted_at,omitzero"`
	RateLimits  json.RawMessage `json:"rate_limits,omitempty"`
	Quota       json.RawMessage `json:"quota,omitempty"` // null means unreadable
}

// EncodeOutcome returns the column outcome of an idempotency key.
func EncodeOutcome(s domain.Snapshot) (string, error) {
	encoded, err := encodeOutcome(s)
	if err != nil {
		return "", ownError{err}
	}
	return encoded, nil
}

func encodeOutcome(s domain.Snapshot) (string, error) {
	scopes, err := encodeScopes(s.Scopes)
	if err != nil {
		return "", err
	}
	whitelist, err := encodeIPWhitelist(s.IPWhitelist)
	if err != nil {
		whitelist = "null"
	}
	rateLimits, quota, err := encodeLimits(s)
	if err != nil {
		return "", err
	}
	encoded, err := json.Marshal(outcomeJSON{
		ID:          string(s.ID),
		Name:        s.Name.String(),
		Mode:        int64(s.Mode),
		Scopes:      json.RawMessage(scopes),
		IPWhitelist: json.RawMessage(whitelist),
		Disabled:    s.Disabled,
		CreatedBy:   s.CreatedBy,
		CreatedAt:   s.CreatedAt,
		ExpiresAt:   s.ExpiresAt,
		LastUsedAt:  s.LastUsedAt,
		DeletedAt:   s.DeletedAt,
		RateLimits:  rateLimits,
		Quota:       quota,
	})
	return string(encoded), err
}

// encodeLimits returns nil for limits that the key does not have, and null for those
// that are unreadable.
func encodeLimits(s domain.Snapshot) (rateLimits, quota json.RawMessage, err error) {
	unreadable := json.RawMessage("null")
	switch {
	case s.Unreadable.Has(domain.PartRateLimits):
		rateLimits = unreadable
	case len(s.RateLimits) > 0:
		text, err := encodeRateLimits(s.RateLimits)
		if err != nil {
			return nil, nil, err
		}
		rateLimits = json.RawMessage(text)
	}
	if s.Unreadable.Has(domain.PartQuota) {
		return rateLimits, unreadable, nil
	}
	text, err := encodeQuota(s.Quota)
	if text != nil {
		quota = json.RawMessage(*text)
	}
	return rateLimits, quota, err
}

// storedOutcome is an outcomeJSON whose members are read separately.
type storedOutcome struct {
	ID          member[string]          `json:"id"`
	Name        member[string]          `json:"name"`
	Mode        member[int64]           `json:"mode"`
	Scopes      member[json.RawMessage] `json:"scopes"`
	IPWhitelist member[json.RawMessage] `json:"ip_whitelist"`
	Disabled    member[bool]            `json:"disabled"`
	CreatedBy   member[string]          `json:"created_by"`
	CreatedAt   member[time.Time]       `json:"created_at"`
	ExpiresAt   member[time.Time]       `json:"expires_at"`
	LastUsedAt  member[time.Time]       `json:"last_used_at"`
	DeletedAt   member[time.Time]       `json:"deleted_at"`
	RateLimits  member[json.RawMessage] `json:"rate_limits"`
	Quota       member[json.RawMessage] `json:"quota"`
}

// member is a member of a JSON object, which is read like a [Field].
type member[T any] struct{ Field[T] }

// UnmarshalJSON implements json.Unmarshaler.
func (m *member[T]) UnmarshalJSON(text []byte) error {
	m.Valid = true
	m.unreadable = json.Unmarshal(text, &m.V) != nil
	return nil
}

// utc reads the instants of an outcome.
var utc = Codec[time.Time]{Decode: time.Time.UTC}

// decodeOutcome returns an error if the identifier of the key is unreadable,
// and otherwise the key, like [Codec.Key].
func decodeOutcome(workspace domain.WorkspaceID, stored string) (*domain.APIKey, error) {
	var o storedOutcome
	if err := json.Unmarshal([]byte(stored), &o); err != nil {
		return nil, errors.New("unreadable stored outcome")
	}
	id, ok := domain.ParseKeyID(o.ID.V)
	if !ok {
		return nil, errors.New("stored outcome without the identifier of a key")
	}
	r := &reading{domain.Snapshot{ID: id, Workspace: workspace}}
	r.Name = parsed(r, domain.PartName, o.Name.Field, domain.ParseName)
	r.Mode = parsed(r, domain.PartMode, o.Mode.Field, domain.ParseMode)
	r.Scopes = parsed(r, domain.PartScopes, o.Scopes.Field, raw(decodeScopes))
	r.IPWhitelist = parsed(r, domain.PartIPWhitelist, o.IPWhitelist.Field, raw(decodeIPWhitelist))
	if o.RateLimits.Valid {
		r.RateLimits = parsed(r, domain.PartRateLimits, o.RateLimits.Field, raw(decodeRateLimits))
	}
	if o.Quota.Valid {
		r.Quota = parsed(r, domain.PartQuota, o.Quota.Field, raw(decodeQuota))
	}
	r.Disabled = plain(r, domain.PartStatus, o.Disabled.Field)
	r.CreatedBy = parsed(r, domain.PartCreatedBy, o.CreatedBy.Field, validText)
	r.CreatedAt = instant(utc, r, domain.PartCreatedAt, o.CreatedAt.Field)
	r.ExpiresAt = instant(utc, r, domain.PartExpiresAt, o.ExpiresAt.Field)
	r.LastUsedAt = instant(utc, r, domain.PartLastUsedAt, o.LastUsedAt.Field)
	r.DeletedAt = instant(utc, r, domain.PartDeletedAt, o.DeletedAt.Field)
	return domain.Rehydrate(r.Snapshot), nil
}

// raw returns decode for raw JSON.
func raw[V any](decode func(string) (V, domain.Faults)) func(json.RawMessage) (V, domain.Faults) {
	return func(text json.RawMessage) (V, domain.Faults) { return decode(string(text)) }
}
