package i18n

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/slaunchx/apikeys/domain"
)

func newCatalog(t testing.TB) *Catalog {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMessage_ReturnsEnglishOfContract(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	for id, want := range map[string]string{
		"2000": "SUCCESS",
		"4000": "Request validation failed",
		"4010": "Invalid or expired token",
		"4011": "Invalid API key",
		"4030": "Only workspace owner can manage API keys",
		"4031": "Only PARTNER portal can create TEST keys",
		"4032": "API key lacks a required scope",
		"4033": "Address not allowed for this API key",
		"4040": "API key not found",
		"4041": "No such endpoint",
		"4042": "Webhook not found",
		"4050": "Method not allowed",
		"4060": "Response type not available",
		"4090": "Request conflicts with the state of the API key",
		"4091": "Idempotency-Key was used with a different request",
		"4092": "Workspace has reached its number of API keys",
		"4093": "Workspace has reached its number of webhooks",
		"4094": "Webhooks are not set up on this service",
		"4120": "API key was changed by someone else",
		"4130": "Request body is too large",
		"4150": "Content-Type must be application/json",
		"4290": "Too many requests",
		"5000": "Internal error",
		"5030": "Service temporarily unavailable",

		string(domain.RuleNameLength):      "name must be 1 to 128 characters",
		string(domain.RuleModeRange):       "mode must be 1 (LIVE) or 2 (TEST)",
		string(domain.RuleWorkspaceLength): "workspaceId must be 1 to 64 characters",
	} {
		if got := c.Message(English, id, nil); got != want {
			t.Errorf("Message(en, %s) = %q, want %q", id, got, want)
		}
	}
}

func TestMessage_FillsPlaceholders(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	cases := map[string]struct {
		lang Language
		id   string
		args map[string]string
		want string
	}{
		"a field path": {
			English, "type_string",
			map[string]string{"Field": "scopes[3]"},
			"scopes[3] must be a string",
		},
		"several arguments": {
			Japanese, "header_length",
			map[string]string{"Field": "X-Client-Hash", "Min": "1", "Max": "256"},
			"X-Client-Hash は 1 文字以上 256 文字以下で指定してください",
		},
		"an argument is not parsed as a template": {
			English, "unknown_field",
			map[string]string{"Field": `{{.Field}}{{printf "%1000d" 1}}`},
			`{{.Field}}{{printf "%1000d" 1}} is not known here; remove it or correct its spelling`,
		},
		"an argument is not escaped": {
			English, "unknown_field",
			map[string]string{"Field": `<b>&"`},
			`<b>&" is not known here; remove it or correct its spelling`,
		},
		"a missing argument becomes empty": {
			English, "type_string", nil,
			" must be a string",
		},
		"an unused argument is ignored": {
			Vietnamese, "5000",
			map[string]string{"Field": "x"},
			"Lỗi nội bộ",
		},
		"an unknown language falls back to English": {
			"tlh", "4040", nil,
			"API key not found",
		},
		"an unknown id is returned as it is": {
			Chinese, "no_such_rule", nil,
			"no_such_rule",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.Message(tc.lang, tc.id, tc.args); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestMessage_FallsBackToEnglish(t *testing.T) {
	t.Parallel()
	c, err := load(files(map[Language]string{English: `{"a": "{{.Field}} is wrong"}`}), Languages()...)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Message(Japanese, "a", map[string]string{"Field": "x"}); got != "x is wrong" {
		t.Errorf("got %q", got)
	}
}

func TestMessage_CoversEveryDomainRuleInEveryLanguage(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	args := map[string]string{"Field": "THE-FIELD", "Canonical": "THE-CANONICAL"}
	for _, rule := range domain.Rules() {
		for _, l := range Languages() {
			text := c.Message(l, string(rule), args)
			if text == string(rule) || strings.Contains(text, "{{") || strings.Contains(text, "no value") {
				t.Errorf("%s in %s: %q", rule, l, text)
			}
			if rule == domain.RuleIPHostBits && !strings.Contains(text, "THE-CANONICAL") {
				t.Errorf("%s in %s does not show the canonical range: %q", rule, l, text)
			}
		}
	}
}

func TestLoad_RejectsMalformedFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a broken template":     `{"a": "{{.Field"}`,
		"a function":            `{"a": "{{env .Field}}"}`,
		"a file that is no map": `"a"`,
		"broken JSON":           `{"a": `,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(files(map[Language]string{Vietnamese: text}), Languages()...)
			if err == nil || !strings.Contains(err.Error(), "messages in vi") {
				t.Errorf("got %v, want an error that names the language", err)
			}
		})
	}
	t.Run("a missing file", func(t *testing.T) {
		t.Parallel()
		if _, err := load(fstest.MapFS{}, Languages()...); err == nil {
			t.Error("got no error")
		}
	})
}

func TestLanguages_ReturnsACopyWithEnglishFirst(t *testing.T) {
	t.Parallel()
	Languages()[0] = Japanese
	want := []Language{"en", "zh", "zh-Hant", "ja", "vi"}
	if got := Languages(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// files returns a locales folder with the given texts; the other languages are
// empty.
func files(texts map[Language]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, l := range Languages() {
		text, ok := texts[l]
		if !ok {
			text = "{}"
		}
		fsys["locales/"+l+".json"] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func BenchmarkMessage(b *testing.B) {
	c := newCatalog(b)
	args := map[string]string{"Field": "scopes[3]"}
	b.ReportAllocs()
	for b.Loop() {
		c.Message(Japanese, "type_string", args)
	}
}
