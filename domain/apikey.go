package domain

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Status is the state of a key as its owner sees it.
type Status string

// The states. A key both disabled and expired is DISABLED.
const (
	StatusActive   Status = "ACTIVE"
	StatusDisabled Status = "DISABLED"
	StatusExpired  Status = "EXPIRED"
)

// StoredSecret is what is stored of one secret of a key.
type StoredSecret struct {
	Digest Digest
	// ValidUntil ends the grace of a rotated secret; zero for the current one.
	ValidUntil time.Time
}

// Snapshot is the whole state of a key, for stores to keep and for edges to
// show. Times are UTC, whole microseconds, and zero when there is none.
type Snapshot struct {
	ID          KeyID
	Workspace   WorkspaceID
	Name        Name
	Mode        Mode
	Scopes      ScopeSet
	IPWhitelist IPWhitelist
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

// APIKey is a key and the rules of its life.
type APIKey struct{ s Snapshot }

// Draft is what the owner of a new key decides.
type Draft struct {
	Workspace   WorkspaceID
	Name        Name
	Mode        Mode
	Scopes      ScopeSet
	IPWhitelist IPWhitelist
	ExpiresAt   time.Time // zero: never
}

// Issue makes a new key. It returns [ErrTestKeyPortal] for a TEST key asked
// for outside the PARTNER portal, and [Faults] for a draft without a
// name or with an expiry that is not in the future.
func Issue(d Draft, id KeyID, digest Digest, by Author, now time.Time) (*APIKey, error) {
	var faults Faults
	if d.Name == (Name{}) {
		faults = append(faults, fault(ReasonRequired, RuleNameLength).At("name")...)
	}
	if d.Mode != ModeLive && d.Mode != ModeTest {
		faults = append(faults, fault(ReasonRange, RuleModeRange).At("mode")...)
	}
	if !d.ExpiresAt.IsZero() {
		faults = append(faults, judgeExpiry(d.ExpiresAt, now).At("expiresAt")...)
	}
	if faults != nil {
		return nil, faults.Err()
	}
	if err := d.Mode.IssuableBy(by.Portal); err != nil {
		return nil, err
	}
	if id.Mode() != d.Mode {
		return nil, errors.New("key identifier is of another mode")
	}
	return &APIKey{s: Snapshot{
		ID:          id,
		Workspace:   d.Workspace,
		Name:        d.Name,
		Mode:        d.Mode,
		Scopes:      d.Scopes,
		IPWhitelist: d.IPWhitelist,
		Secrets:     []StoredSecret{{Digest: digest}},
		CreatedBy:   by.AccountID,
		CreatedAt:   instant(now),
		ExpiresAt:   instant(d.ExpiresAt),
	}}, nil
}

// Rehydrate returns the key that a store holds. Only stores may call it: values
// that were checked before they were stored are not checked again.
//
// The store names the parts of the key that it could not read in s.Unreadable,
// and Rehydrate replaces them. A key can be shown, changed and deleted without
// them, but what cannot be read grants nothing:
//
//   - the name is a marked one;
//   - the mode is the one that the identifier spells, or TEST;
//   - there are no scopes;
//   - the IP whitelist admits no address;
//   - the status is disabled;
//   - the key has expired long ago, and a deletion happened long ago;
//   - an unreadable secret ([UnreadableSecret]) proves nothing;
//   - anything else is the zero value.
//
// A part stays unreadable until a change replaces it.
func Rehydrate(s Snapshot) *APIKey {
	s.Secrets = slices.Clone(s.Secrets)
	if s.IPWhitelist.unreadable {
		s.Unreadable |= PartIPWhitelist
	}
	s.replaceUnreadable()
	return &APIKey{s: s}
}

// Unreadable returns the parts of the key whose stored value could not be read
// and has not been replaced since.
func (k *APIKey) Unreadable() Parts { return k.s.Unreadable }

// Snapshot returns the state of the key. The caller owns its slices.
func (k *APIKey) Snapshot() Snapshot {
	s := k.s
	s.Secrets = slices.Clone(s.Secrets)
	return s
}

// ID returns the public identifier of the key.
func (k *APIKey) ID() KeyID { return k.s.ID }

// Format writes the identifier whatever the verb: fmt would walk into the
// unexported state and print the digests in it.
func (k APIKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, string(k.s.ID)) }

// Status returns the state of the key at now.
func (k *APIKey) Status(now time.Time) Status {
	switch {
	case k.s.Disabled:
		return StatusDisabled
	case k.expired(now):
		return StatusExpired
	}
	return StatusActive
}

// Created returns the audit event of the making of the key.
func (k *APIKey) Created(eventID string, by Author) Event {
	changes := []Change{
		{Field: "name", New: k.s.Name.String()},
		{Field: "mode", New: k.s.Mode.String()},
		{Field: "scopes", New: texts(k.s.Scopes.codes)},
		{Field: "ipWhitelist", New: spelled(k.s.IPWhitelist.ranges)},
	}
	if !k.s.ExpiresAt.IsZero() {
		changes = append(changes, Change{Field: "expiresAt", New: k.s.ExpiresAt.Format(time.RFC3339)})
	}
	return k.event(EventCreated, eventID, by, k.s.CreatedAt, changes...)
}

// Authorize answers c at now, as the key's [Grant] does.
func (k *APIKey) Authorize(c Check, verifier SecretVerifier, now time.Time) Decision {
	return k.Grant().Authorize(c, verifier, now)
}

func (k *APIKey) expired(now time.Time) bool { return ended(k.s.ExpiresAt, now) }

// ended says whether an end that may be none has come at now.
func ended(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// instant is t as every store can keep it: UTC, whole microseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
