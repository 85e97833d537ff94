package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxNameLength is the maximum length of a name in Unicode code points.
const MaxNameLength = 128

// Name is the display name of a key: 1 to [MaxNameLength] code points without
// surrounding white space.
type Name struct{ text string }

// ParseName trims s and returns it as a name. It rejects control characters (Cc),
// line and paragraph separators (Zl, Zp), bidirectional controls (the property
// Bidi_Control) and invalid UTF-8, which could corrupt the display of a list of
// names, and names without a visible character.
func ParseName(s string) (Name, Faults) {
	s = strings.TrimSpace(s)
	var faults Faults
	if n := utf8.RuneCountInString(s); n < 1 || n > MaxNameLength {
		faults = append(faults, fault(ReasonLength, RuleNameLength)...)
	}
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, forbiddenInName):
		faults = append(faults, fault(ReasonCharacters, RuleNameCharacters)...)
	case s != "" && !strings.ContainsFunc(s, visible):
		faults = append(faults, fault(ReasonCharacters, RuleNameVisible)...)
	}
	if faults != nil {
		return Name{}, faults
	}
	return Name{text: s}, nil
}

func forbiddenInName(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// visible reports whether r is visible by itself. White space, format characters (Cf)
// and the characters in blanks are not.
func visible(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && !strings.ContainsRune(blanks, r)
}

// blanks are the combining grapheme joiner, the Hangul fillers and the Braille
// pattern without dots.
const blanks = "\u034f\u115f\u1160\u2800\u3164\uffa0"

func (n Name) String() string { return n.text }

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
