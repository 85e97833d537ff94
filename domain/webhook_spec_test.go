package domain_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

// longURL returns a URL of n bytes.
func longURL(n int) string {
	return "https://example.com/" + strings.Repeat("x", n-len("https://example.com/"))
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	const (
		secure   = 1 << iota // accepted
		insecure             // accepted for development
	)
	var (
		length     = rejected(domain.ReasonLength, domain.RuleWebhookURLLength)
		characters = rejected(domain.ReasonCharacters, domain.RuleWebhookURLCharacters)
		format     = rejected(domain.ReasonFormat, domain.RuleWebhookURLFormat)
		port       = rejected(domain.ReasonRange, domain.RuleWebhookURLPort)
		private    = rejected(domain.ReasonRange, domain.RuleWebhookURLPrivate)
	)
	for name, tc := range map[string]struct {
		accepted int
		fault    domain.Faults // unless secure
		urls     []string
	}{
		"https": {secure | insecure, nil, []string{
			"https://example.com", "https://example.com/", "https://example.com/a/b?c=d&e=%C3%A4", "HTTPS://EXAMPLE.COM/Hook", "https://example.com./",
			"https://xn--bcher-kva.example/", "https://8.8.8.8/", "https://[2606:4700:4700::1111]/", longURL(2048),
		}},
		"the two ports":          {secure | insecure, nil, []string{"https://example.com:443/", "https://example.com:8443/", "https://[2606:4700:4700::1111]:8443/"}},
		"no URL":                 {0, length, []string{""}},
		"too long":               {0, length, []string{longURL(2049), longURL(2049) + "\n"}},
		"not visible ASCII":      {0, characters, []string{" https://example.com/", "https://example.com/a b", "https://example.com/\n", "https://bücher.example/", "https://example.com/\x7f", "https://example.com/\xff"}},
		"another scheme":         {0, format, []string{"ftp://example.com/", "example.com", "//example.com/", "/hook", "https:example.com", "javascript:alert(1)", "file:///etc/passwd", "unix:///socket"}},
		"no host":                {0, format, []string{"https://", "https:///hook", "https://:443/", "https://?x"}},
		"credentials":            {0, format, []string{"https://user@example.com/", "https://user:password@example.com/", "https://@example.com/", "https://:@example.com/"}},
		"a fragment":             {0, format, []string{"https://example.com/#top", "https://example.com/#", "https://example.com#"}},
		"not a URL":              {0, format, []string{"https://[::1/", "https://example.com/%zz", "https://example.com:port/", "https://exa%mple.com/", "https://%6cocalhost/", ":"}},
		"not a port":             {0, format, []string{"https://example.com:/", "https://example.com:0/", "https://example.com:65536/", "https://example.com:-1/", "https://[2606:4700::1]:/"}},
		"another port":           {insecure, port, []string{"https://example.com:80/", "https://example.com:444/", "https://example.com:65535/", "https://127.0.0.1:8080/", "https://example.com:0443/"}},
		"http":                   {insecure, format, []string{"http://example.com/", "http://example.com:443/", "http://localhost:8080/"}},
		"this machine":           {insecure, private, []string{"https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://a.LocalHost.:8443/"}},
		"a private address":      {insecure, private, []string{"https://127.0.0.1/", "https://10.0.0.1/", "https://192.168.1.1:443/", "https://169.254.169.254/", "https://0.0.0.0/", "https://10.0.0.1./", "https://[::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[fe80::1%25eth0]/"}},
		"an ambiguous address":   {insecure, private, []string{"https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.0x1/", "https://0177.0.0.01/", "https://99999999999999999999999/", "https://1.1.1.1.1/"}},
		"a name without a label": {insecure, private, []string{"https://./", "https://../", "https://example.com../"}},
		"names with digits":      {secure | insecure, nil, []string{"https://127.0.0.1.example/", "https://1.example.com/", "https://localhost.example/", "https://0x7f.example/"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, url := range tc.urls {
				for bit, rules := range map[int]domain.WebhookRules{secure: {}, insecure: {Insecure: true}} {
					var want domain.Faults
					if tc.accepted&bit == 0 {
						want = tc.fault
					}
					got, faults := rules.ParseURL(url)
					if diff := cmp.Diff(want, faults); diff != "" {
						t.Errorf("%.60q with %+v: faults (-want +got):\n%s", url, rules, diff)
					}
					if want == nil && got != url || want != nil && got != "" {
						t.Errorf("%.60q with %+v becomes %.60q", url, rules, got)
					}
				}
			}
		})
	}
}

func TestParseWebhookEventTypes(t *testing.T) {
	t.Parallel()
	all := []string{
		"api_key.created", "api_key.updated", "api_key.disabled", "api_key.enabled", "api_key.rotated", "api_key.deleted",
		"api_key.leaked", "api_key.expiring", "api_key.expired", "api_key.limit_reached",
	}
	for name, tc := range map[string]struct {
		names, want []string
		faulty      []string // fields
	}{
		"none":             {nil, []string{}, nil},
		"an empty list":    {[]string{}, []string{}, nil},
		"every type":       {all, all, nil},
		"duplicates":       {[]string{all[3], all[1], all[3], all[1]}, []string{all[3], all[1]}, nil},
		"the test":         {[]string{"webhook.test"}, nil, []string{"[0]"}},
		"others":           {[]string{all[0], "", "API_KEY.CREATED", all[1], "api_key.*"}, nil, []string{"[1]", "[2]", "[4]"}},
		"a type of trails": {[]string{"CREATED"}, nil, []string{"[0]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []domain.WebhookEventType
			if tc.want != nil {
				want = []domain.WebhookEventType{}
			}
			for _, s := range tc.want {
				want = append(want, domain.WebhookEventType(s))
			}
			var faults domain.Faults
			for _, field := range tc.faulty {
				faults = append(faults, rejected(domain.ReasonRange, domain.RuleWebhookEventRange).At(field)...)
			}
			got, gotFaults := domain.ParseWebhookEventTypes(tc.names)
			wantFaults(t, gotFaults, faults)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("types (-want +got):\n%s", diff)
			}
		})
	}
	types := domain.WebhookEventTypes()
	if types[0] = "changed"; domain.WebhookEventTypes()[0] != domain.WebhookKeyCreated {
		t.Error("a caller can change the types")
	}
}

func TestParseDescription(t *testing.T) {
	t.Parallel()
	length, characters := rejected(domain.ReasonLength, domain.RuleDescriptionLength), rejected(domain.ReasonCharacters, domain.RuleDescriptionCharacters)
	for s, want := range map[string]domain.Faults{
		"":                                nil,
		" Überwachung, 鍵 👩‍👧 ":            nil,
		strings.Repeat("鍵", 256):          nil,
		strings.Repeat("鍵", 257):          length,
		strings.Repeat("x", 257):          length,
		strings.Repeat("\n", 257):         length,
		"two\nlines":                      characters,
		"a\tb":                            characters,
		"\x00":                            characters,
		"a\u0085b":                        characters,
		"a\u2028b":                        characters,
		"a\u202eb":                        characters,
		"\xff":                            characters,
		strings.Repeat("x", 255) + "\x7f": characters,
	} {
		got, faults := domain.ParseDescription(s)
		if diff := cmp.Diff(want, faults); diff != "" {
			t.Errorf("%.40q: faults (-want +got):\n%s", s, diff)
		}
		if want == nil && got != s || want != nil && got != "" {
			t.Errorf("%.40q becomes %.40q", s, got)
		}
	}
}

func TestWebhookSpec_ReportsAllFaultsByField(t *testing.T) {
	t.Parallel()
	bad := domain.WebhookSpec{URL: "http://example.com/", Events: []string{"api_key.created", "x"}, Description: "\n"}
	faults := domain.Faults{
		{Field: "url", Reason: domain.ReasonFormat, Rule: domain.RuleWebhookURLFormat},
		{Field: "events[1]", Reason: domain.ReasonRange, Rule: domain.RuleWebhookEventRange},
		{Field: "description", Reason: domain.ReasonCharacters, Rule: domain.RuleDescriptionCharacters},
	}
	draft, got := bad.Draft("ws-1", domain.WebhookRules{})
	wantFaults(t, got, faults)
	if diff := cmp.Diff(domain.WebhookDraft{}, draft); diff != "" {
		t.Errorf("the draft of a faulty spec (-want +got):\n%s", diff)
	}
	revision, got := domain.WebhookPatch{URL: &bad.URL, Events: &bad.Events, Description: &bad.Description, Enabled: new(bool)}.Revision(domain.WebhookRules{})
	wantFaults(t, got, faults)
	if diff := cmp.Diff(domain.WebhookRevision{}, revision); diff != "" {
		t.Errorf("the revision of a faulty patch (-want +got):\n%s", diff)
	}

	bad.Events, bad.Description = nil, "d"
	draft, got = bad.Draft("ws-1", domain.WebhookRules{Insecure: true})
	wantFaults(t, got, nil)
	if diff := cmp.Diff(domain.WebhookDraft{Workspace: "ws-1", URL: bad.URL, Events: []domain.WebhookEventType{}, Description: "d"}, draft); diff != "" {
		t.Errorf("draft (-want +got):\n%s", diff)
	}
}

func TestWebhookPatch_LeavesNilFieldsUnchanged(t *testing.T) {
	t.Parallel()
	url, enabled := "https://example.com/", false
	for name, tc := range map[string]struct {
		patch domain.WebhookPatch
		want  domain.WebhookRevision
	}{
		"nothing":         {domain.WebhookPatch{}, domain.WebhookRevision{}},
		"the URL":         {domain.WebhookPatch{URL: &url}, domain.WebhookRevision{URL: &url}},
		"all events":      {domain.WebhookPatch{Events: &[]string{}}, domain.WebhookRevision{Events: &[]domain.WebhookEventType{}}},
		"no description":  {domain.WebhookPatch{Description: new(string)}, domain.WebhookRevision{Description: new(string)}},
		"enabled or not":  {domain.WebhookPatch{Enabled: &enabled}, domain.WebhookRevision{Enabled: &enabled}},
		"a list of nulls": {domain.WebhookPatch{Events: new([]string)}, domain.WebhookRevision{Events: &[]domain.WebhookEventType{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, faults := tc.patch.Revision(domain.WebhookRules{})
			wantFaults(t, faults, nil)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("revision (-want +got):\n%s", diff)
			}
		})
	}
}
