package domain

import (
	"math"
	"strings"
	"time"
)

// Order is the order of a list of keys. The zero value means newest first. Keys that
// compare equal are ordered by ID, in the same direction.
type Order struct {
	By        OrderBy
	Ascending bool
}

// OrderBy is the property that keys are ordered by.
type OrderBy uint8

// Keys are ordered by time of creation or by name. Names are compared by code
// point, independently of language.
const (
	ByCreatedAt OrderBy = iota
	ByName
)

// ParseOrder parses createdAt or name followed by ,asc or ,desc.
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

// KeyFilter selects the keys of a list. The zero value selects every living key.
type KeyFilter struct {
	Status Status   // at the time At; empty means any
	Mode   Mode     // 0 means any
	Name   NamePart // the zero value means any
	At     time.Time
}

// Admits reports whether the filter selects the key.
func (f KeyFilter) Admits(k *APIKey) bool {
	return k.s.DeletedAt.IsZero() &&
		(f.Status == "" || f.Status == k.Status(f.At)) &&
		(f.Mode == 0 || f.Mode == k.s.Mode) &&
		strings.Contains(k.s.Name.Folded(), f.Name.folded)
}

// ParseStatus parses the name of a status.
func ParseStatus(s string) (Status, Faults) {
	switch status := Status(s); status {
	case StatusActive, StatusDisabled, StatusExpired:
		return status, nil
	}
	return "", fault(ReasonRange, RuleStatusRange)
}

// ParseModeName parses the name of a mode, LIVE or TEST.
func ParseModeName(s string) (Mode, Faults) {
	for _, m := range []Mode{ModeLive, ModeTest} {
		if s == m.String() {
			return m, nil
		}
	}
	return 0, fault(ReasonRange, RuleModeName)
}

// Limits of a page.
const (
	MaxPageNumber   = math.MaxInt32
	DefaultPageSize = 20
	MaxPageSize     = 100
)

// Page is a part of a list. The zero value is the first page of the default size.
type Page struct{ number, size int }

// NewPage returns the page with the given number, 0 to [MaxPageNumber], and size, 1
// to [MaxPageSize].
func NewPage(number, size int64) (Page, Faults) {
	faults := append(ValidatePageNumber(number).At("page"), ValidatePageSize(size).At("size")...)
	if faults != nil {
		return Page{}, faults
	}
	return Page{number: int(number), size: int(size)}, nil
}

// ValidatePageNumber returns the faults of the number of a page.
func ValidatePageNumber(n int64) Faults {
	if n < 0 || n > MaxPageNumber {
		return fault(ReasonRange, RulePageRange)
	}
	return nil
}

// ValidatePageSize returns the faults of the size of a page.
func ValidatePageSize(n int64) Faults {
	if n < 1 || n > MaxPageSize {
		return fault(ReasonRange, RuleSizeRange)
	}
	return nil
}

// Number returns the number of the page, from 0.
func (p Page) Number() int { return p.number }

// Size returns the maximum number of entries on the page.
func (p Page) Size() int {
	if p.size == 0 {
		return DefaultPageSize
	}
	return p.size
}

// Offset returns the number of entries before the page.
func (p Page) Offset() int64 { return int64(p.number) * int64(p.Size()) }
