package acceptance

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

func TestVerify_200(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		openID, open := w.newKey(t, keySpec{Name: "open", Scopes: []string{"payment:read", "payment:write"}})
		boundID, bound := w.newKey(t, keySpec{
			Name: "bound", Scopes: []string{"payment:read"}, IPWhitelist: []string{"192.168.1.0/24", "2001:db8::/32"},
			Mode: domain.ModeTest, ExpiresAt: at("2026-03-21T00:00:10Z"),
		})
		bareID, bare := w.newKey(t, keySpec{Name: "bare"})

		identity := func(id, mode, scopes, expires string) string {
			return `"apiKeyId":"` + id + `","workspaceId":"ws_1","mode":"` + mode + `","scopes":` + scopes + `,"expiresAt":` + expires + `}`
		}
		openIs := identity(openID, "LIVE", `["payment:read","payment:write"]`, "null")
		boundIs := identity(boundID, "TEST", `["payment:read"]`, `"2026-03-21T00:00:10Z"`)
		bareIs := identity(bareID, "LIVE", "[]", "null")
		const notFound = `{"allowed":false,"reason":"NOT_FOUND"}`

		ask := func(secret, rest string) string {
			return `{"key":"` + secret + `"` + rest + `}`
		}
		tests := []struct {
			name, question, want string
		}{
			{"the scope is held", ask(open, `,"scopes":["payment:read"]`), `{"allowed":true,"reason":"OK",` + openIs},
			{"all scopes are held", ask(open, `,"scopes":["payment:write","payment:read"],"ip":"203.0.113.9"`), `{"allowed":true,"reason":"OK",` + openIs},
			{"no scope requested", ask(open, ``), `{"allowed":true,"reason":"OK",` + openIs},
			{"null scopes", ask(open, `,"scopes":null,"ip":null`), `{"allowed":true,"reason":"OK",` + openIs},
			{"an empty address is unknown", ask(open, `,"scopes":[],"ip":""`), `{"allowed":true,"reason":"OK",` + openIs},
			{"one scope is not held", ask(open, `,"scopes":["payment:read","payment:refund"]`), `{"allowed":false,"reason":"INSUFFICIENT_SCOPE",` + openIs},
			{"a scope in another case", ask(open, `,"scopes":["Payment:read"]`), `{"allowed":false,"reason":"INSUFFICIENT_SCOPE",` + openIs},
			{"zero scopes, zero access", ask(bare, ``), `{"allowed":false,"reason":"INSUFFICIENT_SCOPE",` + bareIs},
			{"from inside the range", ask(bound, `,"scopes":["payment:read"],"ip":"192.168.1.7"`), `{"allowed":true,"reason":"OK",` + boundIs},
			{"from inside, mapped", ask(bound, `,"ip":"::ffff:192.168.1.7"`), `{"allowed":true,"reason":"OK",` + boundIs},
			{"from inside, IPv6", ask(bound, `,"ip":"2001:DB8:1::1"`), `{"allowed":true,"reason":"OK",` + boundIs},
			{"from outside", ask(bound, `,"ip":"192.168.2.7"`), `{"allowed":false,"reason":"IP_NOT_ALLOWED",` + boundIs},
			{"from an unknown address", ask(bound, ``), `{"allowed":false,"reason":"IP_NOT_ALLOWED",` + boundIs},
			{"the address is checked before the scopes", ask(bound, `,"scopes":["x:y"],"ip":"10.0.0.1"`), `{"allowed":false,"reason":"IP_NOT_ALLOWED",` + boundIs},
			{"an unknown key", `{"key":"` + unknownSecret(t) + `"}`, notFound},
			{"a malformed key", `{"key":"sk_live_nonsense"}`, notFound},
			{"an empty key", `{"key":""}`, notFound},
			{"the identifier alone", `{"key":"` + openID + `"}`, notFound},
			{"the right identifier with another secret", `{"key":"` + forged(openID) + `"}`, notFound},
		}
		for _, tt := range tests {
			a := do(t, w.verify(tt.question))
			want := `{"version":"1.3.0","timestamp":1774051200123,"success":true,"code":"2000","message":"SUCCESS","data":` + tt.want + `}`
			if diff := cmp.Diff(want, a.body); a.status != 200 || diff != "" {
				t.Errorf("%s: %d (-want +got):\n%s", tt.name, a.status, diff)
			}
			mustHaveHeaders(t, a)
		}

		var questions, answers []string
		for _, tt := range tests {
			questions, answers = append(questions, tt.question), append(answers, tt.want)
		}
		a := do(t, w.verify("["+strings.Join(questions, ",")+"]"))
		if !strings.HasSuffix(a.body, `"data":[`+strings.Join(answers, ",")+`]}`) {
			t.Errorf("array: %d %s", a.status, a.body)
		}

		w.clock.Set(time.Date(2026, 3, 21, 0, 0, 10, 0, time.UTC))
		a = do(t, w.verify(ask(bound, `,"ip":"10.0.0.1"`)))
		if !strings.Contains(a.body, `"data":{"allowed":false,"reason":"EXPIRED",`+boundIs) {
			t.Errorf("expired: %s", a.body)
		}
	})
}

// forged returns a well-formed secret of that key that is not its own.
func forged(keyID string) string {
	return withChecksum(keyID + strings.Repeat("0", 43))
}

func TestVerify_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tests := []struct {
		name, body string
		want       []string
	}{
		{"no body", ``, []string{"syntax"}},
		{"not JSON", `key`, []string{"syntax"}},
		{"a string", `"sk_live_x"`, []string{"type"}},
		{"no key", `{"scopes":[]}`, []string{"key required"}},
		{"a key that is not a string", `{"key":1}`, []string{"key type"}},
		{"a null key", `{"key":null}`, []string{"key type"}},
		{"scopes that are not a list", `{"key":"k","scopes":"payment:read"}`, []string{"scopes type"}},
		{"a scope that is not a string", `{"key":"k","scopes":["a:b",1]}`, []string{"scopes[1] type"}},
		{"an invalid address", `{"key":"k","ip":"localhost"}`, []string{"ip format"}},
		{"an address with a zone", `{"key":"k","ip":"fe80::1%eth0"}`, []string{"ip format"}},
		{"an unknown member", `{"key":"k","scope":["a:b"]}`, []string{"scope unknown_field"}},
		{"a member twice", `{"key":"k","ip":"10.0.0.1","ip":"10.0.0.2"}`, []string{"ip duplicate_field"}},
		{"no questions", `[]`, []string{"length"}},
		{"too many checks", `[` + strings.Repeat(`{"key":"k"},`, 100) + `{"key":"k"}]`, []string{"too_many"}},
		{"malformed checks among others", `[{"key":"k"},{"key":"k","ip":"x"},1]`, []string{"[1].ip format", "[2] type"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mustFail(t, do(t, w.verify(tt.body)), tt.want)
		})
	}
}

func TestVerify_413(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := do(t, w.verify(strings.Repeat(" ", 256<<10+1)))
	mustBe(t, a, 413, "4130", "Request body is too large")
}

func TestVerify_IgnoresAcceptAndContentType(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r := w.verify(`{"key":"k"}`)
	r.header = http.Header{"Accept": {"text/html"}, "Content-Type": {"text/plain"}}
	if a := do(t, r); a.status != http.StatusOK {
		t.Errorf("answer = %d %s", a.status, a.body)
	}
}
