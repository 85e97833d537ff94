package domain

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Status is the status of a key.
type Status string

// The statuses. A key that is both disabled and expired is DISABLED.
const (
	StatusActive   Status = "ACTIVE"
	StatusDisabled Status = "DISABLED"
	StatusExpired  Status = "EXPIRED"
)

// StoredSecret is the stored form of one secret of a key.
type StoredSecret struct {
	Digest Digest
	// ValidUntil is the end of the grace period of a rotated secret, and zero for
	// the current one.
	ValidUntil time.Time
}

// Snapshot is the complete state of a key, for storing and rendering it. Times
// are in UTC, truncated to microseconds, and zero if there is none.
type Snapshot struct {
	ID          KeyID
	Workspace   WorkspaceID
	Name        Name
	Mode        Mode
	Scopes      ScopeSet
	IPWhitelist IPWhitelist
	RateLimits  []Limit // in the order in which they are checked
	Quota       Limit   // the zero value means none
	Disabled    bool
	Secrets     []StoredSecret
	CreatedBy   string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	LastUsedAt  time.Time
	DeletedAt   time.Time
	// Unreadable are the parts whose stored value could not be read; see
	// [Rehydrate].
	Unreadable Parts
}

// APIKey is an API key. Its methods enforce the rules of its lifecycle.
type APIKey struct{ s Snapshot }

// Draft holds the properties of a new key that its owner chooses.
type Draft struct {
	Workspace   WorkspaceID
	Name        Name
	Mode        Mode
	Scopes      ScopeSet
	IPWhitelist IPWhitelist
	ExpiresAt   time.Time // zero if the key never expires
	RateLimits  []Limit   // see [ParseRateLimits]
	Quota       Limit     // see [ParseQuota]; the zero value means none
}

// Issue returns a new key. It returns [ErrTestKeyPortal] for a TEST key outside
// the PARTNER portal, and [Faults] for a draft without a name or with an expiry
// that is not in the future.
func Issue(d Draft, id KeyID, digest Digest, by Author, now time.Time) (*APIKey, error) {
	var faults Faults
	if d.Name == (Name{}) {
		faults = append(faults, fault(ReasonRequired, RuleNameLength).At("name")...)
	}
	if d.Mode != ModeLive && d.Mode != ModeTest {
		faults = append(faults, fault(ReasonRange, RuleModeRange).At("mode")...)
	}
	if !d.ExpiresAt.IsZero() {
		faults = append(faults, checkExpiry(d.ExpiresAt, now).At("expiresAt")...)
	}
	if faults != nil {
		return nil, faults.Err()
	}
	if err := d.Mode.IssuableBy(by.Portal); err != nil {
		return nil, err
	}
	if id.Mode() != d.Mode {
		return nil, errors.New("key ID has another mode")
	}
	return &APIKey{s: Snapshot{
		ID:          id,
		Workspace:   d.Workspace,
		Name:        d.Name,
		Mode:        d.Mode,
		Scopes:      d.Scopes,
		IPWhitelist: d.IPWhitelist,
		RateLimits:  slices.Clone(d.RateLimits),
		Quota:       d.Quota,
		Secrets:     []StoredSecret{{Digest: digest}},
		CreatedBy:   by.AccountID,
		CreatedAt:   instant(now),
		ExpiresAt:   instant(d.ExpiresAt),
	}}, nil
}

// Rehydrate returns a stored key. Only stores may call it, because it does not validate
// s: the values were validated before they were stored.
//
// The store lists the parts of the key that it could not read in s.Unreadable,
// and Rehydrate replaces them. The key can be read, changed and deleted without
// them, but an unreadable part grants nothing:
//
//   - the name is a placeholder;
//   - the mode is that of the ID, or TEST;
//   - there are no scopes;
//   - the IP whitelist admits no address;
//   - the rate limits and the quota admit no check;
//   - the status is disabled;
//   - the expiry and the deletion are long past;
//   - an unreadable secret ([UnreadableSecret]) matches nothing;
//   - anything else is the zero value.
//
// A part stays unreadable until a change replaces it.
func Rehydrate(s Snapshot) *APIKey {
	s.Secrets, s.RateLimits = slices.Clone(s.Secrets), slices.Clone(s.RateLimits)
	if s.IPWhitelist.unreadable {
		s.Unreadable |= PartIPWhitelist
	}
	s.replaceUnreadable()
	return &APIKey{s: s}
}

// Unreadable returns the parts of the key whose stored values could not be read
// and have not been replaced since.
func (k *APIKey) Unreadable() Parts { return k.s.Unreadable }

// Snapshot returns the state of the key. The caller owns its slices.
func (k *APIKey) Snapshot() Snapshot {
	s := k.s
	s.Secrets, s.RateLimits = slices.Clone(s.Secrets), slices.Clone(s.RateLimits)
	return s
}

// ID returns the ID of the key.
func (k *APIKey) ID() KeyID { return k.s.ID }

// Format writes the ID for every verb. Without it fmt would print the unexported
// state, including digests.
func (k APIKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, string(k.s.ID)) }

// Status returns the status of the key at now.
func (k *APIKey) Status(now time.Time) Status {
	switch {
	case k.s.Disabled:
		return StatusDisabled
	case k.expired(now):
		return StatusExpired
	}
	return StatusActive
}

// Created returns the audit event of the key's creation.
func (k *APIKey) Created(eventID string, by Author) Event {
	changes := []Change{
		{Field: "name", New: k.s.Name.String()},
		{Field: "mode", New: k.s.Mode.String()},
		{Field: "scopes", New: texts(k.s.Scopes.Codes())},
		{Field: "ipWhitelist", New: spelled(k.s.IPWhitelist.ranges)},
	}
	if !k.s.ExpiresAt.IsZero() {
		changes = append(changes, Change{Field: "expiresAt", New: k.s.ExpiresAt.Format(time.RFC3339)})
	}
	if len(k.s.RateLimits) > 0 {
		changes = append(changes, Change{Field: "rateLimits", New: spelled(k.s.RateLimits)})
	}
	if k.s.Quota != (Limit{}) {
		changes = append(changes, Change{Field: "quota", New: k.s.Quota.String()})
	}
	if k.s.Disabled {
		changes = append(changes, Change{Field: "status", New: string(StatusDisabled)})
	}
	return k.event(EventCreated, eventID, by, k.s.CreatedAt, changes...)
}

// Authorize returns the decision of the key's [Grant] on c at now.
func (k *APIKey) Authorize(c Check, verifier SecretVerifier, now time.Time) Decision {
	return k.Grant().Authorize(c, verifier, now)
}

func (k *APIKey) expired(now time.Time) bool { return ended(k.s.ExpiresAt, now) }

// ended reports whether end has been reached at now. The zero time is never reached.
func ended(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// instant returns t in UTC, truncated to microseconds, the precision of every store.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
