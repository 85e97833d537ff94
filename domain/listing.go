package domain

import (
	"strings"
	"time"
)

// Order is how keys are listed. The zero value is newest first. Where two keys
// are alike in what they are ordered by, their identifiers decide, in the same
// direction.
type Order struct {
	By        OrderBy
	Ascending bool
}

// OrderBy is what keys are ordered by.
type OrderBy uint8

// Keys are ordered by the instant of their making, or by their names: code
// point by code point, whatever the language.
const (
	ByCreatedAt OrderBy = iota
	ByName
)

// ParseOrder reads createdAt or name, with ,asc or ,desc behind it.
func ParseOrder(s string) (Order, Faults) {
	switch s {
	case "createdAt,asc":
		return Order{By: ByCreatedAt, Ascending: true}, nil
	case "createdAt,desc":
		return Order{By: ByCreatedAt}, nil
	case "name,asc":
		return Order{By: ByName, Ascending: true}, nil
	case "name,desc":
		return Order{By: ByName}, nil
	}
	return Order{}, fault(ReasonRange, RuleOrderRange)
}

// KeyFilter says which keys are listed. The zero value lists every living key.
type KeyFilter struct {
	Status Status   // at At; empty: any
	Mode   Mode     // 0: any
	Name   NamePart // zero: any
	At     time.Time
}

// Admits says whether the key is to be listed.
func (f KeyFilter) Admits(k *APIKey) bool {
	return k.s.DeletedAt.IsZero() &&
		(f.Status == "" || f.Status == k.Status(f.At)) &&
		(f.Mode == 0 || f.Mode == k.s.Mode) &&
		strings.Contains(k.s.Name.Folded(), f.Name.folded)
}

// ParseStatus returns the status of that name.
func ParseStatus(s string) (Status, Faults) {
	switch status := Status(s); status {
	case StatusActive, StatusDisabled, StatusExpired:
		return status, nil
	}
	return "", fault(ReasonRange, RuleStatusRange)
}

// ParseModeName returns the mode that is called LIVE or TEST.
func ParseModeName(s string) (Mode, Faults) {
	for _, m := range []Mode{ModeLive, ModeTest} {
		if s == m.String() {
			return m, nil
		}
	}
	return 0, fault(ReasonRange, RuleModeName)
}
