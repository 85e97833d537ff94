package acceptance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCreateKey_400_body(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tests := []struct {
		name string
		body string
		want []string // "field reason"
	}{
		{name: "no body", body: "", want: []string{"syntax"}},
		{name: "not JSON", body: "name=k", want: []string{"syntax"}},
		{name: "two objects", body: `{"name":"k"}{"name":"k"}`, want: []string{"syntax"}},
		{name: "not UTF-8", body: "{\"name\":\"\xff\"}", want: []string{"syntax"}},
		{name: "a lone surrogate", body: `{"name":"\ud800"}`, want: []string{"syntax"}},
		{name: "an array", body: `[]`, want: []string{"type"}},
		{name: "null", body: `null`, want: []string{"type"}},
		{name: "nothing in it", body: `{}`, want: []string{"name required"}},
		{name: "a null name", body: `{"name":null}`, want: []string{"name type"}},
		{name: "a name of white space", body: `{"name":" \t\n\u3000"}`, want: []string{"name length"}},
		{name: "a name too long", body: `{"name":"` + strings.Repeat("é", 129) + `"}`, want: []string{"name length"}},
		{name: "a name with a control character", body: `{"name":"a\u0000b"}`, want: []string{"name characters"}},
		{name: "a name with a bidirectional control", body: `{"name":"a\u202eb"}`, want: []string{"name characters"}},
		{name: "a name with a line separator", body: `{"name":"a\u2028b"}`, want: []string{"name characters"}},
		{name: "a name of zero width spaces", body: `{"name":"\u200b\u200b"}`, want: []string{"name characters"}},
		{name: "a name of blank letters", body: `{"name":"\u3164 \u2800"}`, want: []string{"name characters"}},
		{name: "a name in another case", body: `{"Name":"k"}`, want: []string{"Name unknown_field", "name required"}},
		{name: "a misspelt whitelist", body: `{"name":"k","ipWhiteList":["10.0.0.1"]}`, want: []string{"ipWhiteList unknown_field"}},
		{name: "a member twice", body: `{"name":"k","name":"k"}`, want: []string{"name duplicate_field"}},
		{name: "a member twice, once escaped", body: `{"name":"k","n\u0061me":"k"}`, want: []string{"name duplicate_field"}},
		{name: "scopes that are not a list", body: `{"name":"k","scopes":"payment:read"}`, want: []string{"scopes type"}},
		{name: "scopes that are no scopes", body: `{"name":"k","scopes":["a",1,"b:c"," b:c","a:b:c","A:b",""]}`, want: []string{"scopes[0] format", "scopes[1] type", "scopes[3] format", "scopes[4] format", "scopes[5] format", "scopes[6] format"}},
		{name: "a scope too long", body: `{"name":"k","scopes":["a:` + strings.Repeat("b", 127) + `"]}`, want: []string{"scopes[0] length"}},
		{name: "too many scopes", body: `{"name":"k","scopes":` + scopes(101) + `}`, want: []string{"scopes too_many"}},
		{name: "a mode that is none", body: `{"name":"k","mode":0}`, want: []string{"mode range"}},
		{name: "a mode by name", body: `{"name":"k","mode":"LIVE"}`, want: []string{"mode type"}},
		{name: "half a mode", body: `{"name":"k","mode":1.5}`, want: []string{"mode type"}},
		{name: "addresses that are none", body: `{"name":"k","ipWhitelist":["10.0.0.256","fe80::1%eth0","10.0.0.5/24","::ffff:10.0.0.0/104","10.0.0.0/33"," 10.0.0.1",null]}`, want: []string{"ipWhitelist[0] format", "ipWhitelist[1] format", "ipWhitelist[2] host_bits", "ipWhitelist[3] format", "ipWhitelist[4] format", "ipWhitelist[5] format", "ipWhitelist[6] type"}},
		{name: "an expiry in the past", body: `{"name":"k","expiresAt":"2026-03-20T23:59:59Z"}`, want: []string{"expiresAt in_past"}},
		{name: "an expiry at this second", body: `{"name":"k","expiresAt":"2026-03-21T00:00:00.9Z"}`, want: []string{"expiresAt in_past"}},
		{name: "an expiry without a zone", body: `{"name":"k","expiresAt":"2027-01-01T00:00:00"}`, want: []string{"expiresAt format"}},
		{name: "an expiry as a number", body: `{"name":"k","expiresAt":1800000000}`, want: []string{"expiresAt type"}},
		{name: "an expiry beyond the calendar", body: `{"name":"k","expiresAt":"9999-12-31T23:59:59-01:00"}`, want: []string{"expiresAt range"}},
		{name: "all faults at once, in the order of the members", body: `{"x":1,"mode":9,"scopes":["bad"],"expiresAt":"soon"}`, want: []string{"x unknown_field", "mode range", "scopes[0] format", "expiresAt format", "name required"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := do(t, w.create(t, tt.body, set("Content-Type", "application/json")))
			mustFail(t, a, tt.want)
		})
	}
}

func TestCreateKey_400_theContractsExample(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := do(t, w.create(t, `{}`))
	want := `{"success":false,"code":"4000","message":"Request validation failed","errors":[{"field":"name","reason":"required","message":"name must be 1 to 128 characters"}]}`
	if a.body != want {
		t.Errorf("body = %s\nwant   %s", a.body, want)
	}
}

func TestCreateKey_400_namesTheCanonicalRange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if a := do(t, w.create(t, `{"name":"k","ipWhitelist":["192.168.1.5/24"]}`)); !strings.Contains(a.body, "192.168.1.0/24") {
		t.Errorf("body = %s", a.body)
	}
}

// Responses contain the name of a mode, requests its number.
func TestCreateKey_400_saysHowToWriteAMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for language, want := range map[string]string{
		"en":      "mode must be a number: write 1 for LIVE or 2 for TEST",
		"zh":      "mode 必须为数字：LIVE 请写 1，TEST 请写 2",
		"zh-Hant": "mode 必須為數字：LIVE 請寫 1，TEST 請寫 2",
		"ja":      "mode は数値で指定してください。LIVE は 1、TEST は 2 です",
		"vi":      "mode phải là một số: ghi 1 cho LIVE hoặc 2 cho TEST",
	} {
		a := do(t, w.create(t, `{"name":"k","mode":"TEST"}`, set("Accept-Language", language)))
		if a.status != http.StatusBadRequest || !strings.Contains(a.body, `{"field":"mode","reason":"type","message":"`+want+`"}`) {
			t.Errorf("in %s: %d %s", language, a.status, a.body)
		}
	}
}

func TestCreateKey_400_headers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tests := []struct {
		name   string
		change func(*request)
		want   []string
	}{
		{name: "no client hash", change: without("X-Client-Hash"), want: []string{"X-Client-Hash required"}},
		{name: "an empty client hash", change: set("X-Client-Hash", ""), want: []string{"X-Client-Hash length"}},
		{name: "a client hash too long", change: set("X-Client-Hash", strings.Repeat("x", 257)), want: []string{"X-Client-Hash length"}},
		{name: "a client hash with a space", change: set("X-Client-Hash", "a b"), want: []string{"X-Client-Hash characters"}},
		{name: "two client hashes", change: set("X-Client-Hash", "a", "a"), want: []string{"X-Client-Hash duplicate_field"}},
		{name: "no workspace", change: without("X-Workspace-Id"), want: []string{"X-Workspace-Id required"}},
		{name: "another workspace", change: set("X-Workspace-Id", "ws_2"), want: []string{"X-Workspace-Id mismatch"}},
		{name: "the workspace in another case", change: set("X-Workspace-Id", "WS_1"), want: []string{"X-Workspace-Id mismatch"}},
		{name: "two workspaces", change: set("X-Workspace-Id", workspace, workspace), want: []string{"X-Workspace-Id duplicate_field"}},
		{name: "an idempotency key too long", change: set("Idempotency-Key", strings.Repeat("k", 256)), want: []string{"Idempotency-Key length"}},
		{name: "two API keys", change: set("X-Api-Key", "a", "a"), want: []string{"X-Api-Key duplicate_field"}},
		{name: "two idempotency keys", change: set("Idempotency-Key", "a", "b"), want: []string{"Idempotency-Key duplicate_field"}},
		{
			name: "all at once, what is missing last",
			change: func(r *request) {
				r.url = strings.Replace(r.url, workspace, "not%20one", 1)
				r.header.Del("X-Client-Hash")
				r.header["X-Workspace-Id"] = []string{workspace}
				r.header["Idempotency-Key"] = []string{"a b"}
			},
			want: []string{"workspaceId characters", "X-Workspace-Id mismatch", "Idempotency-Key characters", "X-Client-Hash required"},
		},
		{
			name: "a workspace too long",
			change: func(r *request) {
				long := strings.Repeat("w", 65)
				r.url = strings.Replace(r.url, workspace, long, 1)
				r.header["X-Workspace-Id"] = []string{long}
			},
			want: []string{"workspaceId length"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mustFail(t, do(t, w.create(t, `{"name":"k"}`, tt.change)), tt.want)
		})
	}
}

func TestCreateKey_400_boundsTheListOfFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, body := range []string{
		`{"name":"k","ipWhitelist":[` + strings.Repeat(`"",`, 15_000) + `""]}`,
		`{` + strings.Repeat(`"x":1,`, 10_000) + `"name":"k"}`,
	} {
		a := do(t, w.create(t, body))
		if n := len(a.faults(t)); a.status != http.StatusBadRequest || n < 100 || n > 200 {
			t.Errorf("%d with %d faults, want 400 with about a hundred", a.status, n)
		}
	}
}

// mustFail fails the test unless a is a 4000 with these faults.
func mustFail(t *testing.T, a answer, want []string) {
	t.Helper()
	if a.status != http.StatusBadRequest {
		t.Fatalf("status = %d, body %s", a.status, a.body)
	}
	if !strings.HasPrefix(a.body, `{"success":false,"code":"4000","message":"Request validation failed","errors":[`) {
		t.Errorf("body = %s", a.body)
	}
	if diff := cmp.Diff(want, a.faults(t)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	mustHaveHeaders(t, a)
}
