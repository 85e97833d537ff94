package acceptance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

func (w *world) explain(body string) request {
	return request{method: http.MethodPost, url: w.internal + "/internal/v1/api-keys/explain", body: body, header: http.Header{}}
}

// explained returns the data of an explanation with the given steps, each as "STEP
// OUTCOME detail".
func explained(reason string, steps ...string) string {
	var b strings.Builder
	allowed := "false"
	if reason == "OK" {
		allowed = "true"
	}
	b.WriteString(`{"allowed":` + allowed + `,"reason":"` + reason + `","steps":[`)
	for i, s := range steps {
		part := strings.SplitN(s, " ", 3)
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"step":"` + part[0] + `","outcome":"` + part[1] + `","detail":"` + part[2] + `"}`)
	}
	return b.String() + `]}`
}

func TestExplain_200(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}, IPWhitelist: []string{"192.168.1.0/24"}, ExpiresAt: at("2026-03-22T00:00:00Z")})
		const (
			wellFormed = "FORMAT PASS the format and the checksum of the secret are valid"
			byID       = "FORMAT PASS the format of the API key ID is valid"
			notNeeded  = "SECRET SKIP asked by API key ID, so no secret is compared"
			current    = "SECRET PASS the secret is the current one"
			enabled    = "STATUS PASS the API key is not disabled"
			notYet     = "EXPIRY PASS the API key expires at 2026-03-22T00:00:00Z, after 2026-03-21T00:00:00Z"
			listed     = "IP PASS the address 192.168.1.7 is in 192.168.1.0/24"
		)
		found := "FOUND PASS API key " + id + " belongs to workspace ws_1"
		rest := []string{
			"FORMAT SKIP not reached", "FOUND SKIP not reached", "SECRET SKIP not reached", "STATUS SKIP not reached", "EXPIRY SKIP not reached",
			"IP SKIP not reached", "SCOPES SKIP not reached", "RATE_LIMITS SKIP not reached", "QUOTA SKIP not reached",
		}
		stopped := func(steps ...string) []string { return append(steps, rest[len(steps):]...) }
		for name, tc := range map[string]struct {
			body, reason string
			steps        []string
		}{
			"allowed": {`{"key":"` + secret + `","scopes":["payment:read"],"ip":"192.168.1.7"}`, "OK", []string{
				wellFormed, found, current, enabled, notYet, listed, "SCOPES PASS the API key has the requested scopes: payment:read",
				"RATE_LIMITS PASS the API key has no rate limits", "QUOTA PASS the API key has no quota",
			}},
			"by ID": {`{"apiKeyId":"` + id + `","ip":"192.168.1.7","scopes":["payment:write"]}`, "INSUFFICIENT_SCOPE", stopped(
				byID, found, notNeeded, enabled, notYet, listed, "SCOPES FAIL the API key lacks the requested scopes: payment:write",
			)},
			"later": {`{"apiKeyId":"` + id + `","at":"2026-03-22T01:00:00+01:00"}`, "EXPIRED", stopped(
				byID, found, notNeeded, enabled, "EXPIRY FAIL the API key expired at 2026-03-22T00:00:00Z, not after 2026-03-22T00:00:00Z",
			)},
			"from elsewhere": {`{"key":"` + secret + `","ip":"203.0.113.9","at":null,"scopes":null}`, "IP_NOT_ALLOWED", stopped(
				wellFormed, found, current, enabled, notYet, "IP FAIL the address 203.0.113.9 is not in the IP whitelist: 192.168.1.0/24",
			)},
			"another secret": {`{"key":"` + forged(id) + `"}`, "NOT_FOUND", stopped(
				wellFormed, found, "SECRET FAIL the secret is not one of this API key",
			)},
			"unknown ID": {`{"apiKeyId":"sk_test_0000000000000000"}`, "NOT_FOUND", stopped(
				byID, "FOUND FAIL there is no API key sk_test_0000000000000000, or it was deleted",
			)},
			"malformed ID":  {`{"apiKeyId":"x"}`, "NOT_FOUND", stopped("FORMAT FAIL the format of the API key ID is invalid")},
			"malformed key": {`{"key":"` + secret[:72] + `"}`, "NOT_FOUND", stopped("FORMAT FAIL the format or the checksum of the secret is invalid")},
		} {
			a := do(t, w.explain(tc.body))
			want := `{"version":"1.3.0","timestamp":1774051200123,"success":true,"code":"2000","message":"SUCCESS","data":` + explained(tc.reason, tc.steps...) + `}`
			if diff := cmp.Diff(want, a.body); a.status != 200 || diff != "" {
				t.Errorf("%s: %d (-want +got):\n%s", name, a.status, diff)
			}
			mustHaveHeaders(t, a)
		}
		if got := do(t, w.manage(t, http.MethodGet, "/"+id)).data(t)["lastUsedAt"]; got != nil {
			t.Errorf("it counts as use: %v", got)
		}
	})
}

func TestExplain_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, tc := range map[string]struct {
		body string
		want []string
	}{
		"no key":             {`{}`, []string{"key required"}},
		"both":               {`{"key":"k","apiKeyId":"k"}`, []string{"apiKeyId duplicate_field"}},
		"a null key":         {`{"key":null}`, []string{"key type"}},
		"an array":           {`[{"key":"k"}]`, []string{"type"}},
		"a time that is not": {`{"key":"k","at":"tomorrow"}`, []string{"at format"}},
		"an unknown member":  {`{"key":"k","time":1}`, []string{"time unknown_field"}},
		"not JSON":           {`key`, []string{"syntax"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustFail(t, do(t, w.explain(tc.body)), tc.want)
		})
	}
}

func TestExplain_413(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	mustBe(t, do(t, w.explain(strings.Repeat(" ", 64<<10+1))), 413, "4130", "Request body is too large")
}

func TestExplain_401(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) { cfg.InternalToken = "an-internal-token-of-this-test-012345" })
	mustBe(t, do(t, w.explain(`{"apiKeyId":"x"}`)), 401, "4010", "Invalid or expired token")
}

func TestExplain_SpeaksTheLanguageOfTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r := w.explain(`{"apiKeyId":"x"}`)
	r.header.Set("Accept-Language", "ja")
	if a := do(t, r); !strings.Contains(a.body, `"detail":"API キー ID の形式が無効です"`) {
		t.Error(a.body)
	}
}

func TestExplain_IsTheSameInProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
	e, err := w.service.Explain(t.Context(), apikeys.Question{ByID: true, KeyID: domain.KeyID(id)})
	if err != nil || !e.Allowed() {
		t.Fatalf("%+v, %v", e, err)
	}
	if got := w.service.Text(e.Steps[4].Detail.Rule, e.Steps[4].Detail.Args, "vi"); got != "khóa API không bao giờ hết hạn" {
		t.Error(got)
	}
}
