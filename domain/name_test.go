package domain_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

func TestParseName_AcceptsNaturalNames(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"one character":                     {"k", "k"},
		"128 characters":                    {strings.Repeat("x", 128), strings.Repeat("x", 128)},
		"128 characters of four bytes":      {strings.Repeat("😀", 128), strings.Repeat("😀", 128)},
		"128 characters after trimming":     {" \t\n" + strings.Repeat("x", 128) + "  ", strings.Repeat("x", 128)},
		"white space inside":                {"Production  Key", "Production  Key"},
		"ideographic space around":          {"\u3000鍵\u3000", "鍵"},
		"no-break space around":             {"\u00a0k\u00a0", "k"},
		"a line separator around":           {"\u2028k\u2029", "k"},
		"64 letters with a combining mark":  {strings.Repeat("e\u0301", 64), strings.Repeat("e\u0301", 64)},
		"a composed letter is kept":         {"é", "é"},
		"a decomposed letter is kept":       {"e\u0301", "e\u0301"},
		"right-to-left letters":             {"مفتاح", "مفتاح"},
		"a joiner inside an emoji":          {"👩\u200d💻", "👩\u200d💻"},
		"the replacement character":         {"\ufffd", "\ufffd"},
		"text that looks like markup":       {`<b>&"'`, `<b>&"'`},
		"a letter among invisible ones":     {"\u200b\u3164k\u2800", "\u200b\u3164k\u2800"},
		"a lone combining mark":             {"\u0301", "\u0301"},
		"a byte order mark is no bidi mark": {"a\ufeffb", "a\ufeffb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, faults := domain.ParseName(tc.in)
			wantFaults(t, faults, nil)
			if got.String() != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestParseName_RejectsTheRest(t *testing.T) {
	t.Parallel()
	length := rejected(domain.ReasonLength, domain.RuleNameLength)
	characters := rejected(domain.ReasonCharacters, domain.RuleNameCharacters)
	visible := rejected(domain.ReasonCharacters, domain.RuleNameVisible)
	for name, tc := range map[string]struct {
		in   string
		want domain.Faults
	}{
		"empty":                            {"", length},
		"only white space":                 {" \t\r\n\u3000\u2028", length},
		"129 characters":                   {strings.Repeat("x", 129), length},
		"129 code points in 65 letters":    {strings.Repeat("e\u0301", 64) + "e", length},
		"NUL":                              {"a\x00b", characters},
		"a line end inside":                {"a\nb", characters},
		"a tab inside":                     {"a\tb", characters},
		"escape":                           {"\x1b[31mred", characters},
		"DEL":                              {"a\x7f", characters},
		"a C1 control":                     {"a\u009bb", characters},
		"a line separator inside":          {"a\u2028b", characters},
		"a paragraph separator inside":     {"a\u2029b", characters},
		"a right-to-left override":         {"a\u202eb", characters},
		"a left-to-right isolate":          {"a\u2066b", characters},
		"a right-to-left mark":             {"a\u200f", characters},
		"an Arabic letter mark":            {"\u061ca", characters},
		"a byte that is not UTF-8":         {"a\xffb", characters},
		"a truncated character":            {"\xe2\x82", characters},
		"a lone surrogate":                 {"\xed\xa0\x80", characters},
		"an overlong slash":                {"\xc0\xaf", characters},
		"only a zero width space":          {"\u200b", visible},
		"only a byte order mark":           {"\ufeff", visible},
		"only a soft hyphen":               {"\u00ad", visible},
		"only a blank Braille pattern":     {"\u2800", visible},
		"only Hangul fillers":              {"\u115f\u1160\u3164\uffa0", visible},
		"only a combining grapheme joiner": {"\u034f", visible},
		"only tag characters":              {"\U000e0001\U000e0041", visible},
		"white space between fillers":      {"\u3164 \u2800\u3000\u200d", visible},
		"too long and invisible":           {strings.Repeat("\u200b", 129), append(length, visible...)},
		"an invisible bidirectional mark":  {"\u200e", characters},
		"too long and with a control":      {strings.Repeat("x\x00", 65), append(length, characters...)},
		"a megabyte of invalid bytes":      {strings.Repeat("\xff", 1<<20), append(length, characters...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, faults := domain.ParseName(tc.in)
			wantFaults(t, faults, tc.want)
			if got != (domain.Name{}) {
				t.Errorf("got %q and faults", got)
			}
		})
	}
}

func TestParseName_RejectsEveryControlCharacter(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		moves := unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
		if _, faults := domain.ParseName("a" + string(r) + "b"); (faults != nil) != moves {
			t.Errorf("%U: %v", r, faults)
		}
	}
}

func TestParseName_RejectsEveryLoneInvisibleCharacter(t *testing.T) {
	t.Parallel()
	blank := []rune{0x034f, 0x115f, 0x1160, 0x2800, 0x3164, 0xffa0}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || unicode.IsSpace(r) { // white space is trimmed
			continue
		}
		shows := !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Bidi_Control) && !slices.Contains(blank, r)
		if _, faults := domain.ParseName(string(r)); (faults == nil) != shows {
			t.Errorf("%U: %v", r, faults)
		}
	}
}

func TestParseName_IsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkName(t, rapid.String().Draw(t, "s"))
	})
}

// FuzzParseName checks that an accepted name is trimmed, valid and short, and that
// parsing it again yields the same name.
func FuzzParseName(f *testing.F) {
	f.Add(" Production Key ")
	f.Add("a\u202eb\x00\xff")
	f.Add(strings.Repeat("e\u0301", 65))
	f.Fuzz(func(t *testing.T, s string) { checkName(t, s) })
}

func checkName(t fataler, s string) {
	t.Helper()
	name, faults := domain.ParseName(s)
	if faults != nil {
		if name != (domain.Name{}) {
			t.Fatalf("%q: %q and %v", s, name, faults)
		}
		return
	}
	text := name.String()
	n := utf8.RuneCountInString(text)
	if n < 1 || n > domain.MaxNameLength || !utf8.ValidString(text) || strings.TrimSpace(s) != text {
		t.Fatalf("%q became %q", s, text)
	}
	if again, faults := domain.ParseName(text); faults != nil || again != name {
		t.Fatalf("%q, parsed again: %q, %v", text, again, faults)
	}
}
