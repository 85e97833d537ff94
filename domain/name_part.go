package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// NamePart is what a name is searched for: whatever its case, and every
// character standing for itself.
type NamePart struct{ folded string }

// ParseNamePart returns s as what to search for: 1 to [MaxNameLength] code
// points of valid UTF-8, white space included.
func ParseNamePart(s string) (NamePart, Faults) {
	if n := utf8.RuneCountInString(s); n < 1 || n > MaxNameLength {
		return NamePart{}, fault(ReasonLength, RuleNamePartLength)
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return NamePart{}, fault(ReasonCharacters, RuleNamePartCharacters)
	}
	return NamePart{folded: fold(s)}, nil
}

// Folded returns the part as it stands in [Name.Folded]; empty for any.
func (p NamePart) Folded() string { return p.folded }

// Folded returns the name without its case: two names that differ in nothing
// but case have the same, in every store and language.
func (n Name) Folded() string { return fold(n.text) }

// fold maps each code point to the least of those that simple case folding
// takes for the same (Unicode section 3.13, https://www.unicode.org/reports/tr44/#Simple_Case_Folding).
func fold(s string) string { return strings.Map(leastFold, s) }

func leastFold(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
