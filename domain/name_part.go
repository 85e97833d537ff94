package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// NamePart is a search term for names. It matches a part of a name in any case and
// has no wildcards.
type NamePart struct{ folded string }

// ParseNamePart returns s as a search term: 1 to [MaxNameLength] code points of
// valid UTF-8 without NUL, including white space.
func ParseNamePart(s string) (NamePart, Faults) {
	if n := utf8.RuneCountInString(s); n < 1 || n > MaxNameLength {
		return NamePart{}, fault(ReasonLength, RuleNamePartLength)
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return NamePart{}, fault(ReasonCharacters, RuleNamePartCharacters)
	}
	return NamePart{folded: fold(s)}, nil
}

// Folded returns the case-folded term, which occurs in [Name.Folded] of every
// match. It is empty if every name matches.
func (p NamePart) Folded() string { return p.folded }

// Folded returns the case-folded name. Names that differ only in case have the
// same folded name, independently of store and language.
func (n Name) Folded() string { return fold(n.text) }

// fold maps each code point to the smallest one that is equivalent under simple
// case folding (Unicode section 3.13,
// https://www.unicode.org/reports/tr44/#Simple_Case_Folding).
func fold(s string) string { return strings.Map(leastFold, s) }

func leastFold(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
