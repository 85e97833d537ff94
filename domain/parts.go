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
	PartSecrets // at least one of them
	PartCreatedBy
	PartCreatedAt
	PartExpiresAt
	PartLastUsedAt
	PartDeletedAt
)

// partNames are the names of the parts, in the order of their bits.
var partNames = [...]string{
	"name", "mode", "scopes", "ipWhitelist", "status", "secrets",
	"createdBy", "createdAt", "expiresAt", "lastUsedAt", "deletedAt",
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

// Unreadable stands in the audit trail for a value that cannot be read.
const Unreadable = "unreadable"

// unreadableName is shown in place of a name that cannot be read.
var unreadableName = Name{text: "[unreadable name]"}

// longPast is the end of everything whose end cannot be read.
var longPast = time.Unix(0, 0).UTC()

// UnreadableSecret returns a stored secret that cannot be read. It proves
// nothing.
func UnreadableSecret() StoredSecret { return StoredSecret{ValidUntil: longPast} }

// replaceUnreadable gives each unreadable part the value that [Rehydrate]
// promises.
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
