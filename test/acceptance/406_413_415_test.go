package acceptance

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/test/serving"
)

func TestCreateKey_406(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, accept := range []string{"text/html", "application/json;q=0", "application/xml, */*;q=0", "nonsense"} {
		// The content type is wrong too; Accept is checked first.
		a := do(t, w.create(t, `{"name":"k"}`, set("Accept", accept), set("Content-Type", "text/plain")))
		mustBe(t, a, 406, "4060", "Response type not available")
	}
}

func TestCreateKey_415(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, change := range map[string]func(*request){
		"none":            without("Content-Type"),
		"a form":          set("Content-Type", "application/x-www-form-urlencoded"),
		"another charset": set("Content-Type", "application/json; charset=utf-16"),
		"two":             set("Content-Type", "application/json", "application/json"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A header is missing too; the content type is checked first.
			a := do(t, w.create(t, `{"name":"k"}`, change, without("X-Client-Hash")))
			mustBe(t, a, 415, "4150", "Content-Type must be application/json")
		})
	}
}

// A body with a content coding would be misread.
func TestContentEncoding_415(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, coding := range [][]string{{"gzip"}, {"GZIP"}, {"identity, gzip"}, {"identity", "br"}, {"nonsense"}} {
		for what, r := range map[string]request{
			"a creation": w.create(t, `{"name":"k"}`, without("X-Client-Hash")), // checked later
			"a check":    w.verify(`{"key":"` + unknownSecret(t) + `"}`),
		} {
			r.header["Content-Encoding"] = coding
			a := do(t, r)
			mustBe(t, a, 415, "4150", "Content-Type must be application/json")
			if got := a.header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("%s in %v: Accept-Encoding is %q, want identity (RFC 9110 section 12.5.3)", what, coding, got)
			}
		}
	}
	for _, coding := range [][]string{{"identity"}, {"Identity, identity"}, {""}, {" , "}} {
		if a := do(t, w.create(t, `{"name":"k"}`, set("Content-Encoding", coding...))); a.status != http.StatusCreated {
			t.Errorf("a creation in %q is answered %d %s", coding, a.status, a.body)
		}
	}
	if a := do(t, w.list(t, "", set("Content-Encoding", "gzip"))); a.status != http.StatusOK {
		t.Errorf("a request without a body is answered %d %s", a.status, a.body)
	}
	proxied := request{method: http.MethodGet, url: w.internal + "/internal/v1/authorize", body: "x", header: http.Header{"Content-Encoding": {"gzip"}}}
	if a := do(t, proxied); a.status != http.StatusUnauthorized {
		t.Errorf("a check for a proxy, which does not read the body, is answered %d %s", a.status, a.body)
	}
}

func TestCreateKey_413_declared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	// The token is missing too; the declared size is checked first.
	a := do(t, w.create(t, strings.Repeat(" ", 64<<10+1), without("Authorization")))
	mustBe(t, a, 413, "4130", "Request body is too large")
}

func TestCreateKey_413_outgrown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r := w.create(t, "")
	// A body of unknown size is sent in chunks.
	body := io.MultiReader(bytes.NewReader(make([]byte, 64<<10)), strings.NewReader("x"))
	req, err := http.NewRequestWithContext(t.Context(), r.method, r.url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.header
	res, text := serving.Exchange(t, client, req)
	mustBe(t, answer{status: res.StatusCode, header: res.Header, body: text}, 413, "4130", "Request body is too large")
}

func TestCreateKey_201_takesABodyOf64KiB(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	body := `{"name":"k"}`
	if a := do(t, w.create(t, body+strings.Repeat(" ", 64<<10-len(body)))); a.status != http.StatusCreated {
		t.Errorf("answer = %d %s", a.status, a.body)
	}
}
