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

// ParseName trims s and returns it as a name. Names are shown to people next to
// other names. So control characters (Cc), line and paragraph separators (Zl,
// Zp), bidirectional controls (the property Bidi_Control) and bytes that are not
// UTF-8 are refused, which could rearrange them; and so is a name without a
// visible character, which nobody could find.
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

// visible reports whether r shows something by itself: not white space, format
// characters (Cf), or one of those that Unicode calls letters, marks or symbols
// but that are blank.
func visible(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && !strings.ContainsRune(blanks, r)
}

// blanks are the combining grapheme joiner, the Hangul fillers and the Braille
// pattern without dots.
const blanks = "\u034f\u115f\u1160\u2800\u3164\uffa0"

func (n Name) String() string { return n.text }
