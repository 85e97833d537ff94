package acceptance

import (
	"testing"
)

func TestLanguages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tests := []struct {
		accept, language string
	}{
		{"en", "en"},
		{"en-GB", "en"},
		{"zh", "zh"},
		{"zh-CN", "zh"},
		{"zh-Hant", "zh-Hant"},
		{"zh-TW", "zh-Hant"},
		{"zh-HK,zh;q=0.5", "zh-Hant"},
		{"ja-JP", "ja"},
		{"vi-VN,en;q=0.3", "vi"},
		{"fr", "en"},
		{"fr, ja;q=0.2", "ja"},
		{"en;q=0.1, vi;q=0.9", "vi"},
		{"!!!", "en"},
		{"*", "en"},
	}
	messages := map[string]string{}
	for _, tt := range tests {
		for _, r := range []request{
			w.create(t, `{"name":"k"}`, set("Accept-Language", tt.accept)),
			w.create(t, `{}`, set("Accept-Language", tt.accept)),
			w.create(t, `{}`, set("Accept-Language", tt.accept), without("Authorization")),
		} {
			a := do(t, r)
			if got := a.header.Get("Content-Language"); got != tt.language {
				t.Errorf("%q: Content-Language = %q, want %q", tt.accept, got, tt.language)
			}
			message := a.fields(t)["message"].(string)
			at := tt.language + a.fields(t)["code"].(string)
			if seen, ok := messages[at]; ok && seen != message {
				t.Errorf("%s: %q and %q", at, seen, message)
			}
			messages[at] = message
		}
	}
	// Three of them have the same word for success.
	for _, code := range []string{"4000", "4010"} {
		differ := map[string]bool{}
		for _, language := range []string{"en", "zh", "zh-Hant", "ja", "vi"} {
			differ[messages[language+code]] = true
		}
		if len(differ) != 5 {
			t.Errorf("%s is said in %d ways, want 5: %v", code, len(differ), differ)
		}
	}
}
