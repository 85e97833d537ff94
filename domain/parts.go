package domain

import (
	"cmp"
	"strings"
	"time"
)

// Parts is a set of parts of a stored key.
type Parts uint16

// The parts of a stored key that a store may be unable to read.
const (
	PartName Parts = 1 << iota
	PartMode
	PartScopes
	PartIPWhitelist
	PartStatus
	PartSecrets // at least one secret
	PartCreatedBy
	PartCreatedAt
	PartExpiresAt
	PartLastUsedAt
	PartDeletedAt
	PartRateLimits
	PartQuota
)

// partNames are the names of the parts, in the order of their bits.
var partNames = [...]string{
	"name", "mode", "scopes", "ipWhitelist", "status", "secrets",
	"createdBy", "createdAt", "expiresAt", "lastUsedAt", "deletedAt",
	"rateLimits", "quota",
}

// Has reports whether p contains part.
func (p Parts) Has(part Parts) bool { return p&part != 0 }

// String returns the names of the parts, separated by commas.
func (p Parts) String() string {
	var names []string
	for i, name := range partNames {
		if p.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// Unreadable replaces an unreadable value in the audit trail.
const Unreadable = "unreadable"

// unreadableName replaces an unreadable name.
var unreadableName = Name{text: "[unreadable name]"}

// longPast replaces an unreadable end.
var longPast = time.Unix(0, 0).UTC()

// UnreadableSecret returns a replacement for an unreadable stored secret. It
// matches no secret.
func UnreadableSecret() StoredSecret { return StoredSecret{ValidUntil: longPast} }

// replaceUnreadable gives each unreadable part the value documented at
// [Rehydrate].
func (s *Snapshot) replaceUnreadable() {
	lost := s.Unreadable
	if lost.Has(PartName) {
		s.Name = unreadableName
	}
	if lost.Has(PartMode) {
		s.Mode = cmp.Or(s.ID.Mode(), ModeTest)
	}
	if lost.Has(PartScopes) {
		s.Scopes = ScopeSet{}
	}
	if lost.Has(PartIPWhitelist) {
		s.IPWhitelist = UnreadableIPWhitelist()
	}
	if lost.Has(PartRateLimits) {
		s.RateLimits = nil
	}
	if lost.Has(PartQuota) {
		s.Quota = Limit{}
	}
	if lost.Has(PartStatus) {
		s.Disabled = true
	}
	if lost.Has(PartExpiresAt) {
		s.ExpiresAt = longPast
	}
	if lost.Has(PartDeletedAt) {
		s.DeletedAt = longPast
	}
}
