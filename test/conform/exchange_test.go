package conform_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/test/conform"
)

const (
	keysPath = "/web/v1/workspaces/ws_1/api-keys"
	keyID    = "sk_live_4fKpLr9Xw2Qb7ZtN"
	secret   = keyID + "NotASecretNotASecretNotASecretNotASecretNot000000"
	created  = `{"version":"1.3.0","timestamp":1,"success":true,"code":"2000","message":"SUCCESS","data":{"apiKeyId":"` + keyID + `","secret":"` + secret +
		`","name":"k","status":"ACTIVE","mode":"LIVE","scopes":[],"ipWhitelist":[],"createdAt":"2026-03-21T00:00:00Z"}}`
	fault = `{"success":false,"code":"4000","message":"m","errors":[{"field":"name","reason":"required","message":"m"}]}`
)

func listener(t *testing.T, server string) *conform.Listener {
	t.Helper()
	document, err := conform.Read()
	if err != nil {
		t.Fatal(err)
	}
	l, err := document.At(server)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// exchange is a valid creation until changed.
type exchange struct {
	request        *http.Request
	sent, received string
	status         int
	header         http.Header
}

func create() *exchange {
	r := httptest.NewRequest(http.MethodPost, keysPath, http.NoBody)
	r.Header = http.Header{
		"Authorization": {"Bearer t"}, "Content-Type": {"application/json"},
		"X-Client-Hash": {"device-1"}, "X-Workspace-Id": {"ws_1"},
	}
	return &exchange{r, `{"name":"k"}`, created, http.StatusCreated, http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "Content-Language": {"en"}, "Vary": {"Accept-Language"},
		"Cache-Control": {"no-store"}, "X-Request-Id": {"r-1"}, "Location": {keysPath + "/" + keyID},
	}}
}

// rejected makes the response an error with the given body.
func (x *exchange) rejected(status int, body string) {
	x.status, x.received = status, body
	x.header.Del("Location")
}

func (x *exchange) check(l *conform.Listener) error {
	return l.Check(conform.Exchange{
		Request: x.request, Sent: []byte(x.sent), Received: []byte(x.received),
		Response: &http.Response{StatusCode: x.status, Header: x.header, Body: io.NopCloser(strings.NewReader(""))},
	})
}

func TestCheck_AcceptsDocumentedExchanges(t *testing.T) {
	t.Parallel()
	public := listener(t, "http://localhost:8080")
	tests := map[string]func(*exchange){
		"a create": func(*exchange) {},
		"an escape in the path": func(x *exchange) {
			x.request.URL.Path, x.request.URL.RawPath = keysPath, "/web/v1/workspaces/ws%5F1/api-keys"
		},
		"a rejection of a malformed body": func(x *exchange) { x.sent = `{}`; x.rejected(400, fault) },
		"a rejection outside the schema":  func(x *exchange) { x.rejected(400, strings.Replace(fault, "required", "host_bits", 1)) },
		"an unknown path": func(x *exchange) {
			x.request.URL.Path = "/internal/v1/api-keys/verify"
			x.rejected(404, `{"success":false,"code":"4041","message":"m"}`)
		},
		"an unknown method": func(x *exchange) {
			x.request.Method = http.MethodPut
			x.rejected(405, `{"success":false,"code":"4050","message":"m"}`)
			x.header.Set("Allow", "GET, POST")
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := create()
			if change(x); x.check(public) != nil {
				t.Error(x.check(public))
			}
		})
	}
}

func TestCheck_RejectsUndocumentedExchanges(t *testing.T) {
	t.Parallel()
	public := listener(t, "http://localhost:8080")
	data := func(old, with string) func(*exchange) {
		return func(x *exchange) { x.received = strings.Replace(x.received, old, with, 1) }
	}
	tests := map[string]func(*exchange){
		"another status":           func(x *exchange) { x.status = http.StatusAccepted },
		"a missing header":         func(x *exchange) { x.header.Del("Location") },
		"a malformed header":       func(x *exchange) { x.header.Set("Cache-Control", "max-age=1") },
		"an undocumented header":   func(x *exchange) { x.header.Set("X-Powered-By", "x") },
		"another charset":          func(x *exchange) { x.header.Set("Content-Type", "application/json") },
		"an unsupported language":  func(x *exchange) { x.header.Set("Content-Language", "fr") },
		"members in another order": data(`"code":"2000","message":"SUCCESS"`, `"message":"SUCCESS","code":"2000"`),
		"data in another order":    data(`"status":"ACTIVE","mode":"LIVE"`, `"mode":"LIVE","status":"ACTIVE"`),
		"an extra member":          data(`"name"`, `"digest":"","name"`),
		"a missing member":         data(`"name":"k",`, ``),
		"a member of another type": data(`"scopes":[]`, `"scopes":null`),
		"a time with a fraction":   data(`00:00:00Z`, `00:00:00.5Z`),
		"another code":             data(`"2000"`, `"2001"`),
		"an error as a success":    data(`true`, `false`),
		"a malformed secret":       data(secret, keyID),
		"a body that is not JSON":  func(x *exchange) { x.received = "OK" },
		"an error with another status": func(x *exchange) {
			x.header.Set("WWW-Authenticate", "Bearer")
			x.rejected(401, `{"success":false,"code":"4030","message":"m"}`)
		},
		"a 401 without a challenge":        func(x *exchange) { x.rejected(401, `{"success":false,"code":"4010","message":"m"}`) },
		"an error with data":               func(x *exchange) { x.rejected(403, `{"success":false,"code":"4030","message":"m","data":null}`) },
		"an unknown reason":                func(x *exchange) { x.sent = `{}`; x.rejected(400, strings.Replace(fault, "required", "why", 1)) },
		"a success without a header":       func(x *exchange) { x.request.Header.Del("X-Client-Hash") },
		"a success without a token":        func(x *exchange) { x.request.Header.Del("Authorization") },
		"a success for a duplicate header": func(x *exchange) { x.request.Header.Add("X-Client-Hash", "device-1") },
		"a success for an unknown member":  func(x *exchange) { x.sent = `{"name":"k","ipWhiteList":[]}` },
		"a success for a blank name":       func(x *exchange) { x.sent = `{"name":" \t\u3000"}` },
		"a success for a long name":        func(x *exchange) { x.sent = `{"name":"` + strings.Repeat("é", 129) + `"}` },
		"a success for no body":            func(x *exchange) { x.sent = "" },
		"a success for another media type": func(x *exchange) { x.request.Header.Set("Content-Type", "text/plain") },
		"a success on an unknown path":     func(x *exchange) { x.request.URL.Path += "/" },
		"a success on an unknown method":   func(x *exchange) { x.request.Method = http.MethodPut },
		"a rejection of a valid request":   func(x *exchange) { x.rejected(400, fault) },
		"a body for a HEAD": func(x *exchange) {
			x.request.Method = http.MethodHead
			x.rejected(405, `{}`)
			x.header.Set("Allow", "POST")
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := create()
			change(x)
			if err := x.check(public); err == nil {
				t.Error("accepted")
			} else if strings.Contains(err.Error(), secret) {
				t.Error("the error contains the secret")
			}
		})
	}
}

func TestCheck_ComparesParametersWithTheDocument(t *testing.T) {
	t.Parallel()
	public := listener(t, "http://localhost:8080")
	rejected := func(change func(*http.Request)) error {
		x := create()
		x.request.Method, x.sent = http.MethodGet, ""
		change(x.request)
		x.rejected(http.StatusBadRequest, strings.Replace(fault, "required", "type", 1))
		return x.check(public)
	}
	query := func(query string) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawQuery = query }
	}
	for name, change := range map[string]func(*http.Request){
		"no integer":         query("page=x"),
		"an empty integer":   query("page="),
		"a number too small": query("page=-1"),
		"a number too big":   query("size=101"),
		"an unknown order":   query("sort=name"),
		"an empty text":      query("q="),
		"a malformed header": func(r *http.Request) { r.Header.Set("X-Client-Hash", "a b") },
		"a missing header":   func(r *http.Request) { r.Header.Del("X-Client-Hash") },
		"a long path": func(r *http.Request) {
			r.URL.Path = strings.Replace(keysPath, "ws_1", strings.Repeat("w", 65), 1)
		},
	} {
		if err := rejected(change); err != nil {
			t.Errorf("a rejection of %s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*http.Request){
		"no parameters":      query(""),
		"all parameters":     query("page=0&size=100&sort=name,asc&q=k&status=ACTIVE&mode=LIVE"),
		"an unknown one":     query("unknown=x"),
		"the longest header": func(r *http.Request) { r.Header.Set("X-Client-Hash", strings.Repeat("h", 256)) },
	} {
		if err := rejected(change); err == nil || !strings.Contains(err.Error(), "the service rejects") {
			t.Errorf("a rejection of %s: %v", name, err)
		}
	}
}

func TestCheck_SupportsAnyMethodAndRestOfPath(t *testing.T) {
	t.Parallel()
	internal := listener(t, "http://127.0.0.1:8081")
	allowed := func() *exchange {
		r := httptest.NewRequest("BREW", "/internal/v1/authorize/for/payment:read/orders/7", http.NoBody)
		r.Header.Set("X-Api-Key", secret)
		return &exchange{r, "", "", http.StatusNoContent, http.Header{
			"Cache-Control": {"no-store"}, "X-Request-Id": {"r-1"},
			"X-Api-Key-Id": {keyID}, "X-Workspace-Id": {"ws_1"}, "X-Api-Key-Mode": {"LIVE"}, "X-Api-Key-Scopes": {"payment:read"},
		}}
	}
	if err := allowed().check(internal); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*exchange){
		"an approval without a key":  func(x *exchange) { x.request.Header.Del("X-Api-Key") },
		"an approval with a body":    func(x *exchange) { x.received = "yes" },
		"an approval without scopes": func(x *exchange) { x.header.Set("X-Api-Key-Scopes", "") },
	} {
		x := allowed()
		if change(x); x.check(internal) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
