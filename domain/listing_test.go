package domain_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

func TestNewPage(t *testing.T) {
	t.Parallel()
	number := domain.Faults{{Field: "page", Reason: domain.ReasonRange, Rule: domain.RulePageRange}}
	size := domain.Faults{{Field: "size", Reason: domain.ReasonRange, Rule: domain.RuleSizeRange}}
	for name, tc := range map[string]struct {
		number, size int64
		want         domain.Faults
	}{
		"the first page":     {0, 20, nil},
		"the smallest size":  {7, 1, nil},
		"the largest size":   {7, 100, nil},
		"the highest number": {1<<31 - 1, 100, nil},
		"a negative number":  {-1, 20, number},
		"too high a number":  {1 << 31, 20, number},
		"no entries":         {0, 0, size},
		"too many entries":   {0, 101, size},
		"both out of range":  {-1, 101, append(number, size...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, faults := domain.NewPage(tc.number, tc.size)
			wantFaults(t, faults, tc.want)
			if tc.want == nil && (page.Number() != int(tc.number) || page.Size() != int(tc.size) || page.Offset() != tc.number*tc.size) {
				t.Errorf("page %d of %d, after %d", page.Number(), page.Size(), page.Offset())
			}
		})
	}
}

func TestPage_ZeroValueIsTheFirstPage(t *testing.T) {
	t.Parallel()
	var page domain.Page
	if page.Number() != 0 || page.Size() != 20 || page.Offset() != 0 {
		t.Errorf("page %d of %d, after %d", page.Number(), page.Size(), page.Offset())
	}
}

func TestParseOrder(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]domain.Order{
		"createdAt,asc":  {By: domain.ByCreatedAt, Ascending: true},
		"createdAt,desc": {},
		"name,asc":       {By: domain.ByName, Ascending: true},
		"name,desc":      {By: domain.ByName},
	} {
		got, faults := domain.ParseOrder(s)
		wantFaults(t, faults, nil)
		if got != want {
			t.Errorf("%s is %+v, want %+v", s, got, want)
		}
	}
	for _, s := range []string{"", "name", "name,", ",asc", "createdat,asc", "name,ASC", "name, asc", "name,asc,", "id,asc", "createdAt;desc"} {
		_, faults := domain.ParseOrder(s)
		wantFaults(t, faults, rejected(domain.ReasonRange, domain.RuleOrderRange))
	}
}

func TestParseStatusAndModeName(t *testing.T) {
	t.Parallel()
	for _, want := range []domain.Status{domain.StatusActive, domain.StatusDisabled, domain.StatusExpired} {
		if got, faults := domain.ParseStatus(string(want)); got != want || faults != nil {
			t.Errorf("%s is %s, %v", want, got, faults)
		}
	}
	for _, want := range []domain.Mode{domain.ModeLive, domain.ModeTest} {
		if got, faults := domain.ParseModeName(want.String()); got != want || faults != nil {
			t.Errorf("%s is %s, %v", want, got, faults)
		}
	}
	for _, s := range []string{"", "active", "DELETED", "1", "live", " LIVE"} {
		_, faults := domain.ParseStatus(s)
		wantFaults(t, faults, rejected(domain.ReasonRange, domain.RuleStatusRange))
		_, faults = domain.ParseModeName(s)
		wantFaults(t, faults, rejected(domain.ReasonRange, domain.RuleModeName))
	}
}

func TestParseNamePart(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want domain.Faults
	}{
		"one character":            {"k", nil},
		"only white space":         {" ", nil},
		"128 of four bytes each":   {strings.Repeat("😀", 128), nil},
		"empty":                    {"", rejected(domain.ReasonLength, domain.RuleNamePartLength)},
		"129 characters":           {strings.Repeat("x", 129), rejected(domain.ReasonLength, domain.RuleNamePartLength)},
		"a byte that is not UTF-8": {"a\xff", rejected(domain.ReasonCharacters, domain.RuleNamePartCharacters)},
		"NUL":                      {"a\x00", rejected(domain.ReasonCharacters, domain.RuleNamePartCharacters)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, faults := domain.ParseNamePart(tc.in)
			wantFaults(t, faults, tc.want)
		})
	}
}

func TestFolded_IgnoresCase(t *testing.T) {
	t.Parallel()
	folded := func(t *testing.T, s string) string {
		t.Helper()
		name, faults := domain.ParseName(s)
		wantFaults(t, faults, nil)
		return name.Folded()
	}
	for _, pair := range [][2]string{{"Key", "kEY"}, {"Élan", "éLAN"}, {"ΣΟΦΟΣ", "σοφος"}, {"ΣΟΦΟΣ", "σοφοσ"}, {"Kelvin", "\u212Aelvin"}, {"ÅNGSTRÖM", "\u212bngström"}, {"ДЕЛО", "дело"}} {
		if folded(t, pair[0]) != folded(t, pair[1]) {
			t.Errorf("%s and %s differ", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"a", "b"}, {"e", "é"}, {"100%", "100_"}, {"鍵", "键"}} {
		if folded(t, pair[0]) == folded(t, pair[1]) {
			t.Errorf("%s and %s are the same", pair[0], pair[1])
		}
	}
	part := func(t *rapid.T, s string) string {
		p, faults := domain.ParseNamePart(s)
		if faults != nil {
			t.Fatal(faults)
		}
		return p.Folded()
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[a-zA-Zäöüßéèσςс鍵 ]{1,20}`).Draw(t, "text")
		once := part(t, s)
		if part(t, once) != once {
			t.Errorf("%q folds to %q and that to %q", s, once, part(t, once))
		}
		if upper := strings.ToUpper(strings.ReplaceAll(s, "ß", "")); upper != "" && part(t, upper) != part(t, strings.ToLower(upper)) {
			t.Errorf("%q and its lower case differ", upper)
		}
	})
}

func TestKeyFilter(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)
	state := func(edit func(*domain.Snapshot)) *domain.APIKey {
		name, faults := domain.ParseName("Production 100%")
		wantFaults(t, faults, nil)
		s := domain.Snapshot{Name: name, Mode: domain.ModeLive}
		edit(&s)
		return domain.Rehydrate(s)
	}
	active := state(func(*domain.Snapshot) {})
	disabled := state(func(s *domain.Snapshot) { s.Disabled = true })
	expired := state(func(s *domain.Snapshot) { s.ExpiresAt = at })
	both := state(func(s *domain.Snapshot) { s.Disabled, s.ExpiresAt = true, at })
	deleted := state(func(s *domain.Snapshot) { s.DeletedAt = at })
	part := func(s string) domain.NamePart {
		p, faults := domain.ParseNamePart(s)
		wantFaults(t, faults, nil)
		return p
	}
	for name, tc := range map[string]struct {
		filter domain.KeyFilter
		key    *domain.APIKey
		want   bool
	}{
		"no filter":                     {domain.KeyFilter{}, active, true},
		"no filter, a disabled key":     {domain.KeyFilter{At: at}, disabled, true},
		"no filter, an expired key":     {domain.KeyFilter{At: at}, expired, true},
		"no filter, a deleted key":      {domain.KeyFilter{At: at}, deleted, false},
		"active":                        {domain.KeyFilter{Status: domain.StatusActive, At: at}, active, true},
		"active, an expired key":        {domain.KeyFilter{Status: domain.StatusActive, At: at}, expired, false},
		"active, before expiry":         {domain.KeyFilter{Status: domain.StatusActive, At: at.Add(-1)}, expired, true},
		"expired":                       {domain.KeyFilter{Status: domain.StatusExpired, At: at}, expired, true},
		"expired, a disabled key":       {domain.KeyFilter{Status: domain.StatusExpired, At: at}, both, false},
		"disabled, an expired key":      {domain.KeyFilter{Status: domain.StatusDisabled, At: at}, both, true},
		"the same mode":                 {domain.KeyFilter{Mode: domain.ModeLive}, active, true},
		"another mode":                  {domain.KeyFilter{Mode: domain.ModeTest}, active, false},
		"part of the name, other case":  {domain.KeyFilter{Name: part("ION 1")}, active, true},
		"a literal percent sign":        {domain.KeyFilter{Name: part("0%")}, active, true},
		"a percent sign is no wildcard": {domain.KeyFilter{Name: part("%0")}, active, false},
		"an underscore is no wildcard":  {domain.KeyFilter{Name: part("_")}, active, false},
		"one of two criteria fails":     {domain.KeyFilter{Mode: domain.ModeLive, Name: part("x")}, active, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tc.filter.Admits(tc.key); got != tc.want {
				t.Errorf("admits: %v", got)
			}
		})
	}
}
