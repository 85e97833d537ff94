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

// visible reports whether r is visible by itself. White space, format characters
// (Cf), and the letters, marks and symbols in blanks are not.
func visible(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && !strings.ContainsRune(blanks, r)
}

// blanks are the combining grapheme joiner, the Hangul fillers and the Braille
// pattern without dots.
const blanks = "\u034f\u115f\u1160\u2800\u3164\uffa0"

func (n Name) String() string { return n.text }
