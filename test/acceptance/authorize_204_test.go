package acceptance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

func TestAuthorize_204(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read", "payment:write"}, Mode: domain.ModeTest})
		bearer := http.Header{"Authorization": {"Bearer " + secret}}
		tests := []struct {
			name, rest string
			header     http.Header
		}{
			{"one scope", "?scope=payment:read", with(secret)},
			{"all scopes", "?scope=payment:write&scope=payment:read", with(secret)},
			{"the same scope twice", "?scope=payment:read&scope=payment:read", with(secret)},
			{"an escaped scope", "?scope=payment%3Aread", with(secret)},
			{"no scope", "", with(secret)},
			{"an empty query", "?", with(secret)},
			{"as a bearer token", "?scope=payment:read", bearer},
			{"with a scheme in another case", "?scope=payment:read", http.Header{"Authorization": {"bEARER " + secret}}},
			{"the same key in both headers", "?scope=payment:read", http.Header{"X-Api-Key": {secret}, "Authorization": {"Bearer " + secret}}},
			{"with credentials for the API behind the proxy", "?scope=payment:read", http.Header{"X-Api-Key": {secret}, "Authorization": {"Basic dXNlcjpwYXNz"}}},
			{"an empty X-Api-Key with a bearer token", "?scope=payment:read", http.Header{"X-Api-Key": {""}, "Authorization": {"Bearer " + secret}}},
			{"any Accept and Content-Type", "?scope=payment:read", http.Header{"X-Api-Key": {secret}, "Accept": {"text/html"}, "Content-Type": {"text/plain"}}},
			{"a scope in the path", "/for/payment:read", with(secret)},
			{"all scopes in the path", "/for/payment:write/payment:read", with(secret)},
			{"an escaped scope in the path", "/for/payment%3Aread", with(secret)},
			{"a trailing slash in the path", "/for/payment:read/", with(secret)},
			{"a query after a path, which is the caller's", "/for/payment:read?scope=payment:refund&x=1;y=%zz", with(secret)},
			{"the caller's path after the scope", "/for/payment:read/orders/7", with(secret)},
			{"a colon later in the caller's path", "/for/payment:read/orders/7:cancel", with(secret)},
			{"a caller's path after the mark", "/for/payment:read/-/orders:cancel", with(secret)},
			{"a caller's path with empty segments", "/for/payment:read//orders//7", with(secret)},
		}
		for _, tt := range tests {
			a := do(t, w.authorize(tt.rest, tt.header))
			if a.status != http.StatusNoContent || a.body != "" {
				t.Errorf("%s: %d %s", tt.name, a.status, a.body)
				continue
			}
			got := map[string]string{}
			for _, name := range []string{"X-Api-Key-Id", "X-Workspace-Id", "X-Api-Key-Mode", "X-Api-Key-Scopes", "Cache-Control", "Content-Type", "Www-Authenticate"} {
				got[name] = a.header.Get(name)
			}
			want := map[string]string{
				"X-Api-Key-Id": id, "X-Workspace-Id": workspace, "X-Api-Key-Mode": "TEST", "X-Api-Key-Scopes": "payment:read payment:write",
				"Cache-Control": "no-store", "Content-Type": "", "Www-Authenticate": "",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
			if a.header.Get("X-Request-Id") == "" {
				t.Errorf("%s: no X-Request-Id", tt.name)
			}
		}
	})
}

func TestAuthorize_AcceptsAnyMethod(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "BREW"} {
		for _, rest := range []string{"?scope=payment:read", "/for/payment:read"} {
			r := w.authorize(rest, with(secret))
			r.method = method
			if a := do(t, r); a.status != http.StatusNoContent || a.header.Get("X-Api-Key-Id") == "" {
				t.Errorf("%s %s = %d %s", method, rest, a.status, a.body)
			}
			r.header = http.Header{}
			if a := do(t, r); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s without a key = %d %s", method, rest, a.status, a.body)
			}
		}
	}
}

// A proxy sends the header of a request without its body.
func TestAuthorize_DoesNotWaitForABody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
	for _, declared := range []string{"Content-Length: 5", "Content-Length: 1000000", "Transfer-Encoding: chunked"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.internal, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(14 * time.Second)); err != nil { // below the server's 15 s for a body
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /internal/v1/authorize?scope=payment:read HTTP/1.1\r\nHost: x\r\nX-Api-Key: %s\r\n%s\r\n\r\n", secret, declared)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", declared, err)
		}
		if res.StatusCode != http.StatusNoContent || !res.Close {
			t.Errorf("%s: %s, the connection is closed: %v; want 204 and a close, or the next request is taken for the body", declared, res.Status, res.Close)
		}
	}
}

func TestAuthorize_KeepsTheConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.internal, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for range 3 {
		fmt.Fprintf(conn, "GET /internal/v1/authorize?scope=payment:read HTTP/1.1\r\nHost: x\r\nX-Api-Key: %s\r\n\r\n", secret)
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusNoContent {
			t.Errorf("%s, %v", res.Status, err)
		}
	}
}
