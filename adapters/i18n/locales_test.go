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

// placeholders lists the ids whose messages take arguments, with the arguments
// in alphabetical order. All other messages take none.
var placeholders = map[string][]string{
	"scope_length":          {"Field"},
	"scope_format":          {"Field"},
	"scopes_too_many":       {"Field"},
	"ip_format":             {"Field"},
	"ip_zone":               {"Field"},
	"ip_mapped":             {"Field"},
	"ip_host_bits":          {"Canonical", "Field"},
	"ip_too_many":           {"Field"},
	"expiry_format":         {"Field"},
	"day_format":            {"Field"},
	"expiry_in_past":        {"Field"},
	"expiry_range":          {"Field"},
	"grace_range":           {"Field"},
	"type_boolean":          {"Field"},
	"type_string":           {"Field"},
	"type_string_list":      {"Field"},
	"type_integer":          {"Field"},
	"type_question":         {"Field"},
	"unknown_field":         {"Field"},
	"duplicate_field":       {"Field"},
	"header_required":       {"Field"},
	"header_length":         {"Field", "Max", "Min"},
	"header_characters":     {"Field"},
	"rate_limits_too_many":  {"Field"},
	"limit_name_length":     {"Field"},
	"limit_name_characters": {"Field"},
	"limit_name_quota":      {"Field"},
	"limit_name_unique":     {"Field"},
	"rate_limit_range":      {"Field"},
	"window_range":          {"Field"},
	"quota_range":           {"Field"},
	"period":                {"Field"},
	"limits_unsupported":    {"Field"},
	"type_object_list":      {"Field"},

	"leak_source_length":     {"Field"},
	"leak_source_characters": {"Field"},
	"webhook_url_length":     {"Field"},
	"webhook_url_characters": {"Field"},
	"webhook_url_format":     {"Field"},
	"webhook_url_port":       {"Field"},
	"webhook_url_private":    {"Field"},
	"webhook_event_range":    {"Field"},
	"description_length":     {"Field"},
	"description_characters": {"Field"},
	"delivery_status_range":  {"Field"},

	"explain_found":                {"Key", "Workspace"},
	"explain_not_found":            {"Key"},
	"explain_secret_previous":      {"Until"},
	"explain_secret_ended":         {"Until"},
	"explain_not_expired":          {"At", "Until"},
	"explain_expired":              {"At", "Until"},
	"explain_ip_listed":            {"IP", "Range"},
	"explain_ip_not_listed":        {"IP", "Ranges"},
	"explain_ip_unknown":           {"Ranges"},
	"explain_scopes_held":          {"Scopes"},
	"explain_scopes_not_requested": {"Scopes"},
	"explain_scopes_missing":       {"Scopes"},
	"explain_rate_limits_left":     {"Cost", "Limits"},
	"explain_rate_limit_reached":   {"Cost", "Limits", "Name"},
	"explain_quota_left":           {"Cost", "Limits"},
	"explain_quota_used_up":        {"Cost", "Limits"},
}

func TestLocales_CanBeParsed(t *testing.T) {
	t.Parallel()
	if _, err := load(locales, Languages()...); err != nil {
		t.Error(err)
	}
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

func TestLocales_HaveExactlyTheListedPlaceholders(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for id, message := range readLocale(t, l) {
			if diff := cmp.Diff(placeholders[id], placeholdersOf(message)); diff != "" {
				t.Errorf("%s in %s: placeholders (-listed +found):\n%s", id, l, diff)
			}
		}
	}
	for id := range placeholders {
		if _, ok := readLocale(t, English)[id]; !ok {
			t.Errorf("%s has listed placeholders but no message", id)
		}
	}
}

func TestLocales_UseNoTemplateActionsButPlaceholders(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for id, message := range readLocale(t, l) {
			if rest := placeholder.ReplaceAllString(message, ""); regexp.MustCompile(`[{}]`).MatchString(rest) {
				t.Errorf("%s in %s: %q", id, l, message)
			}
		}
	}
}

func TestLocales_MatchTheArgumentsOfTheDomain(t *testing.T) {
	t.Parallel()
	_, faults := domain.ParseIPRange("192.168.1.5/24")
	for _, f := range faults {
		want := slices.Sorted(maps.Keys(f.Args))
		got := slices.DeleteFunc(slices.Clone(placeholders[string(f.Rule)]), func(name string) bool { return name == "Field" })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-domain +listed):\n%s", f.Rule, diff)
		}
	}
	for _, rule := range slices.Concat(domain.Rules(), domain.Details()) {
		if _, ok := readLocale(t, English)[string(rule)]; !ok {
			t.Errorf("%s has no message", rule)
		}
	}
}

// narrow is half-width punctuation next to Chinese or Japanese text.
var narrow = regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}][,:;!?()]|[,:;!?()][\p{Han}\p{Hiragana}\p{Katakana}]`)

func TestLocales_UseFullWidthPunctuationInChineseAndJapanese(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for id, message := range readLocale(t, l) {
			if found := narrow.FindString(message); found != "" {
				t.Errorf("%s in %s has %q", id, l, found)
			}
		}
	}
}

func TestLocales_AreTranslated(t *testing.T) {
	t.Parallel()
	english := readLocale(t, English)
	for _, l := range Languages()[1:] {
		for id, message := range readLocale(t, l) {
			if message == english[id] {
				t.Errorf("%s in %s is the English message", id, l)
			}
		}
	}
}

// Identifiers that appear in requests are the same in every language.
func TestLocales_DoNotTranslateIdentifiers(t *testing.T) {
	t.Parallel()
	english := readLocale(t, English)
	for _, l := range Languages()[1:] {
		for id, message := range readLocale(t, l) {
			if diff := cmp.Diff(identifiersOf(english[id]), identifiersOf(message)); diff != "" {
				t.Errorf("%s in %s (-English +%s):\n%s", id, l, l, diff)
			}
		}
	}
}

func TestLocales_HaveOneFilePerLanguage(t *testing.T) {
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

// readLocale reads the file of a language; a duplicate id or a nested object
// fails the test.
func readLocale(t *testing.T, l Language) map[string]string {
	t.Helper()
	text, err := locales.ReadFile("locales/" + l + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]string
	if err := json.Unmarshal(text, &messages); err != nil {
		t.Fatalf("%s: %v", l, err)
	}
	return messages
}

var (
	placeholder = regexp.MustCompile(`\{\{\.([A-Z][A-Za-z]*)\}\}`)
	identifier  = regexp.MustCompile(`Idempotency-Key|Content-Type|apiKeyId|X-Workspace-Id|workspaceId|application/json|resource:action|payment:read|` +
		`\b(?:API|LIVE|TEST|PARTNER|I-JSON|JSON|UTF-8|UTC|ASCII|IPv[46]|CIDR)\b|RFC \d+|a-z 0-9 _ - \.|A-Z a-z 0-9 _ -|2030-01-31T09:30:00Z|` +
		`192\.168\.1\.7|192\.168\.1\.0/24|2001:db8::/32|\b(?:1 \(LIVE\)|2 \(TEST\)|64|100|128|10000)`)
)

// placeholdersOf returns the distinct placeholders in alphabetical order.
func placeholdersOf(message string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(message, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// identifiersOf returns the distinct identifiers in alphabetical order, because
// languages may order and repeat them differently.
func identifiersOf(message string) []string {
	found := identifier.FindAllString(message, -1)
	slices.Sort(found)
	return slices.Compact(found)
}
