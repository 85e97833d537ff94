package domain

import "math"

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
