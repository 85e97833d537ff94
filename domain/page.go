package domain

import "math"

// Bounds of a page.
const (
	MaxPageNumber   = math.MaxInt32
	DefaultPageSize = 20
	MaxPageSize     = 100
)

// Page is one part of a list. The zero value is the first, of the default size.
type Page struct{ number, size int }

// NewPage returns the page with that number, from 0 to [MaxPageNumber], of
// lists cut into pages of that size, from 1 to [MaxPageSize].
func NewPage(number, size int64) (Page, Faults) {
	faults := append(JudgePageNumber(number).At("page"), JudgePageSize(size).At("size")...)
	if faults != nil {
		return Page{}, faults
	}
	return Page{number: int(number), size: int(size)}, nil
}

// JudgePageNumber returns what is wrong with the number of a page.
func JudgePageNumber(n int64) Faults {
	if n < 0 || n > MaxPageNumber {
		return fault(ReasonRange, RulePageRange)
	}
	return nil
}

// JudgePageSize returns what is wrong with the size of a page.
func JudgePageSize(n int64) Faults {
	if n < 1 || n > MaxPageSize {
		return fault(ReasonRange, RuleSizeRange)
	}
	return nil
}

// Number returns the number of the page, from 0.
func (p Page) Number() int { return p.number }

// Size returns how many entries the page has at most.
func (p Page) Size() int {
	if p.size == 0 {
		return DefaultPageSize
	}
	return p.size
}

// Offset returns how many entries come before the page.
func (p Page) Offset() int64 { return int64(p.number) * int64(p.Size()) }
