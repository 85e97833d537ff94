package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

// expectError fails the test unless the check returns an error that contains
// neither the secret nor the token. It returns the error.
func expectError(t *testing.T, c *client.Client, secret domain.Secret, unavailable bool) error {
	t.Helper()
	d, err := c.Authorize(t.Context(), domain.Check{Secret: secret, Scopes: scopesOf("payment:read")})
	if err == nil || d.Allowed() {
		t.Fatalf("Authorize() = %v, %v; want an error", d.Verdict, err)
	}
	if got := errors.Is(err, domain.ErrUnavailable); got != unavailable {
		t.Errorf("unavailable: %v, want %v: %v", got, unavailable, err)
	}
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(text, secret.Reveal()[domain.KeyIDLength:]) || strings.Contains(text, token) {
			t.Error("the error contains the secret or the token")
		}
	}
	return err
}

// echo responds with the body and the token of the request.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"success":false,"code":"5000","message":%q}`, string(body)+r.Header.Get("X-Internal-Token"))
	}
}

func TestAuthorize_ClassifiesStatuses(t *testing.T) {
	t.Parallel()
	unavailable := map[int]bool{
		201: false, 204: false, 300: false, 304: false, 400: false, 401: false, 403: false, 404: false, 405: false, 413: false, 415: false,
		408: true, 429: true, 500: true, 502: true, 503: true, 504: true, 599: true,
	}
	for status, want := range unavailable {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			url, _ := serve(t, echo(status))
			expectError(t, newClient(t, client.Options{BaseURL: url, Token: token, Timeout: time.Minute}), newSecret(t), want)
		})
	}
}

func TestAuthorize_FollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere, reached := serve(t, echo(200))
		url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, status) })
		transport := new(http.Transport)
		for _, given := range []*http.Client{nil, {Transport: transport}} {
			c := newClient(t, client.Options{BaseURL: url, Token: token, Timeout: time.Minute, HTTPClient: given})
			expectError(t, c, newSecret(t), false)
		}
		transport.CloseIdleConnections()
		if reached.Load() != 0 {
			t.Errorf("%d was followed", status)
		}
	}
}

func TestAuthorize_RejectsBodiesOutsideTheContract(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	whole := yes(secret.KeyID())
	without := func(part string) string {
		t.Helper()
		return replace(t, whole, part, "")
	}
	with := func(old, other string) string {
		t.Helper()
		return replace(t, whole, old, other)
	}
	bodies := map[string]string{
		"nothing":                            "",
		"HTML":                               "<html>" + secret.Reveal(),
		"null":                               "null",
		"an array":                           "[" + whole + "]",
		"data after it":                      whole + "{}",
		"cut short":                          whole[:len(whole)-1],
		"no data":                            `{"success":true}`,
		"null data":                          `{"success":true,"data":null}`,
		"an array of decisions":              `{"success":true,"data":[{"allowed":true,"reason":"OK"}]}`,
		"no success":                         without(`"success":true,`),
		"success is false":                   with(`"success":true`, `"success":false`),
		"no reason":                          without(`"reason":"OK",`),
		"a null reason":                      with(`"reason":"OK"`, `"reason":null`),
		"an unknown reason":                  with(`"reason":"OK"`, `"reason":"FINE"`),
		"an unknown reason and not allowed":  with(`"allowed":true,"reason":"OK"`, `"allowed":false,"reason":"FINE"`),
		"a reason in another case":           with(`"reason":"OK"`, `"reason":"ok"`),
		"no allowed":                         without(`"allowed":true,`),
		"a null allowed":                     with(`"allowed":true`, `"allowed":null`),
		"allowed as a string":                with(`"allowed":true`, `"allowed":"true"`),
		"OK and not allowed":                 with(`"allowed":true`, `"allowed":false`),
		"NOT_FOUND and allowed":              `{"success":true,"data":{"allowed":true,"reason":"NOT_FOUND"}}`,
		"DISABLED and allowed":               with(`"reason":"OK"`, `"reason":"DISABLED"`),
		"a duplicate allowed":                with(`"allowed":true`, `"allowed":false,"allowed":true`),
		"names in another case":              with(`"allowed"`, `"Allowed"`),
		"no key":                             without(`"apiKeyId":"` + string(secret.KeyID()) + `",`),
		"another key":                        yes(newSecret(t).KeyID()),
		"no workspace":                       without(`"workspaceId":"ws_1",`),
		"a malformed workspace":              with(`"ws_1"`, `"ws 1"`),
		"another mode":                       with(`"LIVE"`, `"TEST"`),
		"no scopes":                          without(`"scopes":["payment:read","payment:write"],`),
		"null scopes":                        with(`["payment:read","payment:write"]`, `null`),
		"other scopes than requested":        with(`["payment:read","payment:write"]`, `["payment:write"]`),
		"zero scopes":                        with(`["payment:read","payment:write"]`, `[]`),
		"a malformed scope":                  with(`"payment:write"`, `"Payment"`),
		"no expiry":                          without(`,"expiresAt":null`),
		"an expiry that is not a time":       yesUntil(secret.KeyID(), `"tomorrow"`),
		"an expiry that is a number":         yesUntil(secret.KeyID(), `1`),
		"limits that are no list":            with(`"expiresAt":null`, `"expiresAt":null,"limits":{}`),
		"a limit without a name":             with(`"expiresAt":null`, `"expiresAt":null,"limits":[{"limit":2,"remaining":1,"resetSeconds":9}]`),
		"a limit of nothing":                 with(`"expiresAt":null`, `"expiresAt":null,"limits":[{"name":"a","limit":0,"remaining":0,"resetSeconds":9}]`),
		"less than nothing left":             with(`"expiresAt":null`, `"expiresAt":null,"limits":[{"name":"a","limit":2,"remaining":-1,"resetSeconds":9}]`),
		"a reset that is no number":          with(`"expiresAt":null`, `"expiresAt":null,"limits":[{"name":"a","limit":2,"remaining":1,"resetSeconds":"9"}]`),
		"a reset in a century":               with(`"expiresAt":null`, `"expiresAt":null,"limits":[{"name":"a","limit":2,"remaining":1,"resetSeconds":3155760000}]`),
		"no reset":                           with(`"expiresAt":null`, `"expiresAt":null,"limits":[{"name":"a","limit":2,"remaining":1}]`),
		"more limits than a key can have":    with(`"expiresAt":null`, `"expiresAt":null,"limits":[`+strings.Repeat(`{"name":"a","limit":2,"remaining":1,"resetSeconds":null},`, 6)+`{"name":"a","limit":2,"remaining":1,"resetSeconds":null}]`),
		"RATE_LIMITED and allowed":           with(`"reason":"OK"`, `"reason":"RATE_LIMITED"`),
		"bytes that are not UTF-8":           with(`"SUCCESS"`, "\"\xff\""),
		"too long":                           with(`"SUCCESS"`, `"`+strings.Repeat("x", 64<<10)+`"`),
		"an approval before too many spaces": whole + strings.Repeat(" ", 64<<10),
		"an approval after too many spaces":  strings.Repeat(" ", 64<<10) + whole,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, body) })
			expectError(t, newClient(t, client.Options{BaseURL: url, Token: token, Timeout: time.Minute}), secret, false)
		})
	}
}

func replace(t *testing.T, text, old, other string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("the text does not contain %q exactly once", old)
	}
	return strings.Replace(text, old, other, 1)
}

func TestAuthorize_IgnoresUnknownMembers(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	body := replace(t, yesUntil(secret.KeyID(), `"2026-03-21T08:00:00+08:00"`), `"version":"1.3.0"`, `"version":"2.0.0","warnings":[{}],"Success":false`)
	body = replace(t, body, `"reason":"OK"`, `"reason":"OK","owner":{"reason":"NOT_FOUND"},"Allowed":false`)
	url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, body) })
	d, err := newClient(t, client.Options{BaseURL: url, Timeout: time.Minute}).Authorize(t.Context(), domain.Check{Secret: secret})
	if err != nil || !d.Allowed() || !d.Key.ExpiresAt.Equal(now.Truncate(time.Second)) || d.Key.ExpiresAt.Location() != time.UTC {
		t.Errorf("Authorize() = %+v, %v", d, err)
	}
}

func TestAuthorize_RequiresJSONContentType(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	for contentType, accepted := range map[string]bool{
		"application/json":                true,
		"Application/JSON; charset=UTF-8": true,
		"":                                false,
		"text/html":                       false,
		"application/problem+json":        false,
		"application/json; charset":       false,
	} {
		url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{contentType}
			_, _ = io.WriteString(w, yes(secret.KeyID()))
		})
		c := newClient(t, client.Options{BaseURL: url, Timeout: time.Minute})
		if d, err := c.Authorize(t.Context(), domain.Check{Secret: secret}); d.Allowed() != accepted || (err == nil) != accepted {
			t.Errorf("%q: %v, %v", contentType, d.Verdict, err)
		}
	}
}

func TestAuthorize_RespectsItsTimeout(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	for name, h := range map[string]http.HandlerFunc{
		"no response": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
		"an endless response": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			writeJSON(w, yes(secret.KeyID())[:40])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := serve(t, h)
			c := newClient(t, client.Options{BaseURL: url, Token: token, Timeout: 50 * time.Millisecond})
			expectTimeout(t, expectError(t, c, secret, true))
			c = newClient(t, client.Options{BaseURL: url, Token: token, Timeout: time.Minute, HTTPClient: &http.Client{
				Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 50 * time.Millisecond,
			}})
			expectTimeout(t, expectError(t, c, secret, true))
		})
	}
}

func expectTimeout(t *testing.T, err error) {
	t.Helper()
	if !strings.Contains(err.Error(), "no response in time") {
		t.Errorf("the error does not report a timeout: %v", err)
	}
}

func TestAuthorize_ReturnsWhenTheCallerCancels(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	_, err := newClient(t, client.Options{BaseURL: url, Timeout: time.Minute}).Authorize(ctx, domain.Check{Secret: newSecret(t)})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("error = %v", err)
	}
}

// serveConns accepts one connection per handler, in order.
func serveConns(t *testing.T, handlers ...func(net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, handle := range handlers {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			handle(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "http://" + l.Addr().String()
}

// readRequest reads one request and returns its body.
func readRequest(from *bufio.Reader) string {
	r, err := http.ReadRequest(from)
	if err != nil {
		return ""
	}
	body, _ := io.ReadAll(r.Body)
	return string(body)
}

func TestAuthorize_RejectsResponsesThatAreNotHTTP(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":               "",
		"the request":           "%s\r\n\r\n",
		"the request as status": "HTTP/1.1 %s\r\n\r\n",
		"the request as header": "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"the request as length": "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"the request as chunk":  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
		"a truncated body":      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n%s",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			respond := func(c net.Conn) {
				body := readRequest(bufio.NewReader(c))
				_, _ = io.WriteString(c, strings.ReplaceAll(text, "%s", body))
			}
			url := serveConns(t, respond, respond, respond)
			expectError(t, newClient(t, client.Options{BaseURL: url, Token: token, Timeout: time.Minute}), newSecret(t), true)
		})
	}
}

func TestAuthorize_RetriesOnAClosedIdleConnection(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	body := yes(secret.KeyID())
	response := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	url := serveConns(t,
		func(c net.Conn) {
			in := bufio.NewReader(c)
			readRequest(in)
			_, _ = io.WriteString(c, response)
			readRequest(in) // then close, like a server whose idle timeout ends
		},
		func(c net.Conn) {
			readRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, response)
		})
	c := newClient(t, client.Options{BaseURL: url, Timeout: time.Minute})
	for range 2 {
		if d, err := c.Authorize(t.Context(), domain.Check{Secret: secret}); err != nil || !d.Allowed() {
			t.Fatalf("Authorize() = %v, %v", d.Verdict, err)
		}
	}
}

func TestAuthorize_ReportsAClosedPortAsUnavailable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	expectError(t, newClient(t, client.Options{BaseURL: "http://" + l.Addr().String(), Token: token}), newSecret(t), true)
}
