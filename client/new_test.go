package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

func TestNew_ChecksTheBaseURL(t *testing.T) {
	t.Parallel()
	for base, ok := range map[string]bool{
		"https://apikeys.internal":      true,
		"https://apikeys.internal:8081": true,
		"https://gateway/apikeys/":      true,
		"http://127.0.0.1:8081":         true,
		"http://127.8.9.1:8081":         true,
		"http://[::1]:8081":             true,
		"http://[::ffff:127.0.0.1]":     true,
		"http://localhost:8081":         true,
		"http://LocalHost":              true,
		"http://apikeys.internal":       false,
		"http://10.0.0.1":               false,
		"http://127.0.0.1.example.com":  false,
		"http://localhost.example.com":  false,
		"":                              false,
		"127.0.0.1:8081":                false,
		"localhost:8081":                false,
		"//127.0.0.1":                   false,
		"/internal":                     false,
		"https://":                      false,
		"https://:8081":                 false,
		"ftp://127.0.0.1":               false,
		"unix:///run/apikeys":           false,
		"https://user:marked@host":      false,
		"https://host?marked":           false,
		"https://host?":                 false,
		"https://host#marked":           false,
		"https://marked\x7f":            false,
	} {
		c, err := client.New(client.Options{BaseURL: base})
		if (err == nil) != ok {
			t.Errorf("%q: %v", base, err)
		}
		if err == nil {
			c.Close()
		} else if strings.Contains(err.Error(), "marked") {
			t.Errorf("the error quotes the URL: %v", err)
		}
	}
}

func TestNew_AcceptsPlaintextIfAllowed(t *testing.T) {
	t.Parallel()
	newClient(t, client.Options{BaseURL: "http://10.0.0.1", AllowPlaintext: true})
}

func TestNew_RejectsInvalidOptions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]client.Options{
		"a negative timeout":           {Timeout: -1},
		"a negative TTL":               {CacheFor: -1},
		"a TTL above a minute":         {CacheFor: time.Minute + 1},
		"a negative number of entries": {CacheFor: time.Second, CacheEntries: -1},
		"a token with a line break":    {Token: "a\r\nX-Other: b"},
		"a token that is not ASCII":    {Token: "schlüssel"},
		"a token with a final newline": {Token: "marked\n"},
	} {
		o.BaseURL = "https://host"
		if _, err := client.New(o); err == nil || strings.Contains(err.Error(), "marked") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNew_KeepsThePathOfTheBaseURL(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	var path, sent string
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path, sent = r.Method+" "+r.URL.Path, r.Header.Get("X-Internal-Token")
		writeJSON(w, yes(secret.KeyID()))
	})
	for _, base := range []string{url + "/apikeys", url + "/apikeys/"} {
		c := newClient(t, client.Options{BaseURL: base, Token: token, Timeout: time.Minute})
		if _, err := c.Authorize(t.Context(), domain.Check{Secret: secret}); err != nil {
			t.Fatal(err)
		}
		if path != "POST /apikeys/internal/v1/api-keys/verify" || sent != token {
			t.Errorf("requested %s", path)
		}
	}
}

func TestToken_IsNeverPrinted(t *testing.T) {
	t.Parallel()
	o := client.Options{BaseURL: "https://host", Token: token, CacheFor: time.Second}
	c := newClient(t, o)
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range []any{o, &o, o.Token, c, *c, []any{o, c}, struct{ inner *client.Client }{c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		logger.Info("value", "value", v)
	}
	text, err := json.Marshal(o.Token)
	out.Write(text)
	marked := []string{token, fmt.Sprintf("%x", token)}
	for _, m := range marked {
		if err != nil || strings.Contains(out.String(), m) {
			t.Errorf("the token is printed, or %v", err)
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("the placeholder is missing")
	}
}

func TestClose_KeepsTheConnectionsOfAGivenClient(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, yes(secret.KeyID())) })
	transport := &closable{Transport: new(http.Transport)}
	c := newClient(t, client.Options{BaseURL: url, Timeout: time.Minute, HTTPClient: &http.Client{Transport: transport}})
	if _, err := c.Authorize(t.Context(), domain.Check{Secret: secret}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	if transport.closed {
		t.Error("the connections were closed")
	}
	transport.CloseIdleConnections()
}

// closable records whether its idle connections were closed.
type closable struct {
	*http.Transport
	closed bool
}

func (c *closable) CloseIdleConnections() {
	c.closed = true
	c.Transport.CloseIdleConnections()
}

func TestTimeout_DefaultsToOneSecond(t *testing.T) {
	t.Parallel()
	for given, want := range map[time.Duration]time.Duration{0: time.Second, 5 * time.Second: 5 * time.Second} {
		var left time.Duration
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			deadline, _ := r.Context().Deadline()
			left = time.Until(deadline)
			return nil, errors.New("lost")
		})
		c := newClient(t, client.Options{BaseURL: "https://host", Timeout: given, HTTPClient: &http.Client{Transport: transport}})
		begun := time.Now()
		expectError(t, c, newSecret(t), true)
		if left > want || left < want-time.Since(begun) {
			t.Errorf("Timeout %v: %v of %v are left", given, left, want)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestHTTPClient_HidesErrorsOfTheTransport(t *testing.T) {
	t.Parallel()
	talkative := roundTrip(func(r *http.Request) (*http.Response, error) {
		defer r.Body.Close()
		body, _ := io.ReadAll(r.Body)
		return nil, errors.New(string(body) + fmt.Sprint(r.Header))
	})
	c := newClient(t, client.Options{BaseURL: "https://host", Token: token, Timeout: time.Minute, HTTPClient: &http.Client{Transport: talkative}})
	expectError(t, c, newSecret(t), true)
}
