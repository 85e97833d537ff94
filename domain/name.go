package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxNameLength is the longest name, in Unicode code points.
const MaxNameLength = 128

// Name is the display name of a key: 1 to [MaxNameLength] code points without
// surrounding white space.
type Name struct{ text string }

// ParseName trims s and returns it as a name. Control characters (Cc), line
// and paragraph separators (Zl, Zp), bidirectional controls (the property
// Bidi_Control) and bytes that are not UTF-8 are refused: a name is shown to
// people next to other names and must not be able to rearrange them.
func ParseName(s string) (Name, Faults) {
	s = strings.TrimSpace(s)
	var faults Faults
	if n := utf8.RuneCountInString(s); n < 1 || n > MaxNameLength {
		faults = append(faults, fault(ReasonLength, RuleNameLength)...)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, forbiddenInName) {
		faults = append(faults, fault(ReasonCharacters, RuleNameCharacters)...)
	}
	if faults != nil {
		return Name{}, faults
	}
	return Name{text: s}, nil
}

func forbiddenInName(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

func (n Name) String() string { return n.text }
