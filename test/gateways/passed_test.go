package gateways

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// identity returns the identity headers of a request, as the API got them.
func (r received) identity() map[string][]string {
	identity := map[string][]string{}
	for name, values := range r.header {
		switch plain := strings.ReplaceAll(strings.ToLower(name), "_", "-"); plain {
		case "x-api-key-id", "x-api-key-mode", "x-api-key-scopes", "x-workspace-id":
			identity[name] = values
		}
	}
	return identity
}

// identityOf returns the identity headers that belong to the key with the
// given secret.
func (w *world) identityOf(secret string) map[string][]string {
	mode, scopes := "LIVE", "payment:read"
	switch secret {
	case w.writer:
		mode, scopes = "TEST", "payment:read payment:write"
	case w.broad:
		scopes = strings.Join(broadScopes(), " ")
	}
	return map[string][]string{
		"X-Api-Key-Id":     {secret[:24]},
		"X-Api-Key-Mode":   {mode},
		"X-Api-Key-Scopes": {scopes},
		"X-Workspace-Id":   {"ws_1"},
	}
}

// mustIdentify checks that the identity that the API got is that of the key with the
// given secret, and that it did not get the secret.
func (w *world) mustIdentify(t *testing.T, got received, secret string) {
	t.Helper()
	if diff := cmp.Diff(w.identityOf(secret), got.identity()); diff != "" {
		t.Errorf("identity headers (-want +got):\n%s", diff)
	}
	w.mustHoldNoSecret(t, got)
}

func (w *world) mustHoldNoSecret(t *testing.T, got received) {
	t.Helper()
	for name, values := range got.header {
		for _, secret := range w.secrets() {
			if strings.Contains(strings.Join(values, " "), secret) {
				t.Errorf("the API got the key in %s", name)
			}
		}
	}
	if _, ok := got.header["X-Api-Key"]; ok {
		t.Error("the API got X-Api-Key")
	}
}

func hasIdentityAndNoKey(t *testing.T, w *world) {
	for name, headers := range map[string][]string{
		"X-Api-Key":                 {"X-Api-Key: " + w.reader},
		"a name in small letters":   {"x-api-key: " + w.reader},
		"a bearer token":            {"Authorization: Bearer " + w.reader},
		"a scheme in small letters": {"authorization: bearer  " + w.reader},
		"the key in both":           {"X-Api-Key: " + w.reader, "Authorization: Bearer " + w.reader},
		"an empty X-Api-Key too":    {"X-Api-Key:", "Authorization: Bearer " + w.reader},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.passed(t, get("/payments/1", headers...))
			w.mustIdentify(t, got, w.reader)
			if _, ok := got.header["Authorization"]; ok {
				t.Error("the API got Authorization")
			}
		})
	}
	t.Run("a key with many scopes", func(t *testing.T) {
		t.Parallel()
		got := w.passed(t, request{
			method: http.MethodPost, target: "/payments/1", headers: []string{"X-Api-Key: " + w.broad}, body: strings.Repeat("0123456789", 20_000),
		})
		w.mustIdentify(t, got, w.broad)
	})
	t.Run("a route with several scopes", func(t *testing.T) {
		t.Parallel()
		w.mustIdentify(t, w.passed(t, get("/refunds/1", "X-Api-Key: "+w.writer)), w.writer)
	})
}

// keepsImportedKeys uses a key that does not look like one of this service.
func keepsImportedKeys(t *testing.T, w *world) {
	const secret = "k3-9fQw7LzX2mVbT8rYcN5d"
	credential, err := domain.ParseForeignCredential(domain.FormatPlain, secret)
	if err != nil {
		t.Fatal(err)
	}
	spec := apikeys.ForeignKeySpec{KeySpec: apikeys.KeySpec{Name: "imported", Scopes: []string{"payment:read"}}, Credential: credential}
	imported, err := w.service.OperatorWorkspace("test", "ws_1", domain.Origin{}).ImportKeys(t.Context(), []apikeys.ForeignKeySpec{spec}, false)
	if err != nil || imported[0].Err != nil {
		t.Fatalf("ImportKeys: %+v, %v", imported, err)
	}
	for name, header := range map[string]string{
		"X-Api-Key": "X-Api-Key: " + secret, "a bearer token": "Authorization: bearer " + secret,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.passed(t, get("/payments/1", header))
			if id := got.header.Get("X-Api-Key-Id"); id != string(imported[0].ID) {
				t.Errorf("the API was told of the key %q, want %s", id, imported[0].ID)
			}
			for name, values := range got.header {
				if strings.Contains(strings.Join(values, " "), secret) {
					t.Errorf("the API got the key in %s", name)
				}
			}
		})
	}
}

func passesOtherCredentials(t *testing.T, w *world) {
	const basic, bearer = "Basic dXNlcjpwYXNz", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
	for name, tt := range map[string]struct {
		request request
		want    string
	}{
		"of another scheme, with a key": {get("/payments/1", "X-Api-Key: "+w.reader, "Authorization: "+basic), basic},
		"on an open route":              {get("/status", "Authorization: "+bearer), bearer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := w.passed(t, tt.request).header.Get("Authorization"); got != tt.want {
				t.Errorf("the API got Authorization: %q, want %q", got, tt.want)
			}
		})
	}
}

func passesMethods(t *testing.T, w *world) {
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			got := w.passed(t, request{method: method, target: "/payments/1", headers: []string{"X-Api-Key: " + w.reader}})
			if got.method != method {
				t.Errorf("the API got %s", got.method)
			}
			w.mustIdentify(t, got, w.reader)
			if a := w.refused(t, request{method: method, target: "/payments/1"}); a.status != http.StatusUnauthorized {
				t.Errorf("without a key: status %d, want 401", a.status)
			}
		})
	}
}

func passesBody(t *testing.T, w *world) {
	for name, r := range map[string]request{
		"a short one":   {body: `{"amount":1}`},
		"a long one":    {body: strings.Repeat("0123456789", 20_000)},
		"one in chunks": {body: `{"amount":1}`, chunked: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.method, r.target, r.headers = http.MethodPost, "/payments/", []string{"X-Api-Key: " + w.reader}
			c := w.dial(t)
			for range 2 { // the rest of a body would be taken for the next request
				got := w.mustPass(t, c.do(t, r))
				if got.body != r.body {
					t.Errorf("the API got %d bytes that differ from the %d sent", len(got.body), len(r.body))
				}
				w.mustIdentify(t, got, w.reader)
			}
		})
	}
}

func passesTargets(t *testing.T, w *world) {
	for _, target := range []string{
		"/payments/",
		"/payments/a%20b",
		"/payments/caf%C3%A9",
		"/payments/a%2Fb",
		"/payments/100%25",
		"/payments/a.b/..c/...",
		"/payments/1?scope=payment:write&q=a%26b&x=//&y=../;z",
		"/payments/1?",
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			got := w.passed(t, get(target, "X-Api-Key: "+w.reader))
			if got.target != target {
				t.Errorf("the API got %s", got.target)
			}
			w.mustIdentify(t, got, w.reader)
		})
	}
}

// forwards checks what the API learns of the request that the gateway got.
func forwards(t *testing.T, w *world) {
	for name, headers := range map[string][]string{
		"no headers of the caller":    nil,
		"headers of the caller":       {"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: gopher"},
		"headers named in Connection": {"Connection: keep-alive, X-Forwarded-For, X-Forwarded-Proto"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []request{get("/status", headers...), get("/payments/1", append(headers, "X-Api-Key: "+w.reader)...)} {
				got := w.passed(t, r)
				want := []string{"api.example", w.client.String(), "http"}
				if diff := cmp.Diff(want, []string{got.host, got.header.Get("X-Forwarded-For"), got.header.Get("X-Forwarded-Proto")}); diff != "" {
					t.Errorf("%s: host, address and scheme (-want +got):\n%s", r.target, diff)
				}
			}
		})
	}
}

// passesCookies sends more bytes of cookies than the service accepts headers.
func passesCookies(t *testing.T, w *world) {
	headers := []string{"X-Api-Key: " + w.reader}
	for range 4 {
		headers = append(headers, "Cookie: a="+strings.Repeat("b", 7000))
	}
	got := w.passed(t, get("/payments/1", headers...))
	w.mustIdentify(t, got, w.reader)
	if n := len(strings.Join(got.header["Cookie"], "")); n < 28_000 {
		t.Errorf("the API got %d bytes of cookies", n)
	}
}

func tellsRequestsApart(t *testing.T, w *world) {
	c := w.dial(t)
	for range 3 {
		w.mustIdentify(t, w.mustPass(t, c.do(t, get("/payments/1", "X-Api-Key: "+w.reader))), w.reader)
		if a := c.do(t, get("/payments/1")); a.status != http.StatusUnauthorized {
			t.Errorf("without a key: status %d, want 401", a.status)
		}
		w.mustIdentify(t, w.mustPass(t, c.do(t, get("/payments/1", "Authorization: Bearer "+w.writer))), w.writer)
		if a := c.do(t, get("/refunds/1", "X-Api-Key: "+w.reader)); a.status != http.StatusForbidden {
			t.Errorf("without the scope: status %d, want 403", a.status)
		}
		if got := w.mustPass(t, c.do(t, get("/status"))); len(got.identity()) != 0 {
			t.Errorf("on an open route: %v", got.identity())
		}
	}
}
