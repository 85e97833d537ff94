package i18n

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

// placeholders are the ids whose sentences take arguments, with the arguments
// in order of name. Every other sentence takes none.
var placeholders = map[string][]string{
	"scope_length":      {"Field"},
	"scope_format":      {"Field"},
	"scopes_too_many":   {"Field"},
	"ip_format":         {"Field"},
	"ip_zone":           {"Field"},
	"ip_mapped":         {"Field"},
	"ip_host_bits":      {"Canonical", "Field"},
	"ip_too_many":       {"Field"},
	"expiry_format":     {"Field"},
	"expiry_in_past":    {"Field"},
	"expiry_range":      {"Field"},
	"grace_range":       {"Field"},
	"type_string":       {"Field"},
	"type_string_list":  {"Field"},
	"type_integer":      {"Field"},
	"type_question":     {"Field"},
	"unknown_field":     {"Field"},
	"duplicate_field":   {"Field"},
	"header_required":   {"Field"},
	"header_length":     {"Field", "Max", "Min"},
	"header_characters": {"Field"},
}

func TestLocales_HaveTheSameIDsInEveryLanguage(t *testing.T) {
	t.Parallel()
	want := slices.Sorted(maps.Keys(readLocale(t, English)))
	for _, l := range Languages() {
		got := slices.Sorted(maps.Keys(readLocale(t, l)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-English +%s):\n%s", l, l, diff)
		}
	}
}

func TestLocales_TakeExactlyTheStatedArguments(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for id, sentence := range readLocale(t, l) {
			if diff := cmp.Diff(placeholders[id], placeholdersOf(sentence)); diff != "" {
				t.Errorf("%s in %s: placeholders (-stated +written):\n%s", id, l, diff)
			}
		}
	}
	for id := range placeholders {
		if _, ok := readLocale(t, English)[id]; !ok {
			t.Errorf("%s has stated arguments but no sentence", id)
		}
	}
}

func TestLocales_HaveNoTemplateButPlaceholders(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for id, sentence := range readLocale(t, l) {
			if rest := placeholder.ReplaceAllString(sentence, ""); regexp.MustCompile(`[{}]`).MatchString(rest) {
				t.Errorf("%s in %s: %q", id, l, sentence)
			}
		}
	}
}

func TestLocales_TakeTheArgumentsThatTheDomainGives(t *testing.T) {
	t.Parallel()
	_, faults := domain.ParseIPRange("192.168.1.5/24")
	for _, f := range faults {
		want := slices.Sorted(maps.Keys(f.Args))
		got := slices.DeleteFunc(slices.Clone(placeholders[string(f.Rule)]), func(name string) bool { return name == "Field" })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-given +taken):\n%s", f.Rule, diff)
		}
	}
	for _, rule := range domain.Rules() {
		if _, ok := readLocale(t, English)[string(rule)]; !ok {
			t.Errorf("%s has no sentence", rule)
		}
	}
}

func TestLocales_AreTranslated(t *testing.T) {
	t.Parallel()
	english := readLocale(t, English)
	for _, l := range Languages()[1:] {
		for id, sentence := range readLocale(t, l) {
			if sentence == english[id] {
				t.Errorf("%s in %s is the English sentence", id, l)
			}
		}
	}
}

// What a client wrote, or has to write, is the same in every language.
func TestLocales_KeepIdentifiersAsTheyAre(t *testing.T) {
	t.Parallel()
	english := readLocale(t, English)
	for _, l := range Languages()[1:] {
		for id, sentence := range readLocale(t, l) {
			if diff := cmp.Diff(identifiersOf(english[id]), identifiersOf(sentence)); diff != "" {
				t.Errorf("%s in %s (-English +%s):\n%s", id, l, l, diff)
			}
		}
	}
}

func TestLocales_AreTheFilesOfTheLanguages(t *testing.T) {
	t.Parallel()
	entries, err := fs.ReadDir(locales, "locales")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	for _, l := range Languages() {
		want = append(want, l+".json")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-languages +files):\n%s", diff)
	}
}

// readLocale reads a file strictly: a repeated id or nested object fails.
func readLocale(t *testing.T, l Language) map[string]string {
	t.Helper()
	text, err := locales.ReadFile("locales/" + l + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var sentences map[string]string
	if err := json.Unmarshal(text, &sentences); err != nil {
		t.Fatalf("%s: %v", l, err)
	}
	return sentences
}

var (
	placeholder = regexp.MustCompile(`\{\{\.([A-Z][A-Za-z]*)\}\}`)
	identifier  = regexp.MustCompile(`Idempotency-Key|Content-Type|X-Workspace-Id|workspaceId|application/json|resource:action|payment:read|` +
		`\b(?:API|LIVE|TEST|PARTNER|I-JSON|JSON|UTF-8|UTC|ASCII|IPv[46]|CIDR)\b|RFC \d+|a-z 0-9 _ - \.|A-Z a-z 0-9 _ -|2030-01-31T09:30:00Z|` +
		`192\.168\.1\.7|192\.168\.1\.0/24|2001:db8::/32|\b(?:1 \(LIVE\)|2 \(TEST\)|64|100|128|10000)`)
)

// placeholdersOf returns the different placeholders in order of name.
func placeholdersOf(sentence string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(sentence, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// identifiersOf returns the different identifiers in order of spelling, since
// languages order and repeat them as they need.
func identifiersOf(sentence string) []string {
	found := identifier.FindAllString(sentence, -1)
	slices.Sort(found)
	return slices.Compact(found)
}
