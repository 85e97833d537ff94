package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

// scenario is a transport that answers the requests in turn, and the last answer
// again and again.
type scenario struct {
	answers []func() (*http.Response, error)
	sent    []sent
}

// sent is a request and when it was sent.
type sent struct {
	at          time.Time
	key, target string
}

func (s *scenario) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := s.answers[min(len(s.sent), len(s.answers)-1)]
	s.sent = append(s.sent, sent{time.Now(), r.Header.Get("Idempotency-Key"), r.Method + " " + r.URL.Path})
	return answer()
}

// manage returns a workspace of a manager that uses the scenario.
func (s *scenario) manage(t *testing.T) *client.Workspace {
	t.Helper()
	m, err := client.NewManager(client.ManagerOptions{
		BaseURL: "https://keys.example.com", Token: tokenOf("t"), ClientHash: "device-1", HTTPClient: &http.Client{Transport: s},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m.Workspace(ws)
}

func answer(status int, body string, header ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func failure(code string) string { return `{"success":false,"code":"` + code + `","message":"no"}` }

var (
	done      = answer(200, `{"success":true,"data":null}`)
	lost      = func() (*http.Response, error) { return nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET} }
	untrusted = func() (*http.Response, error) {
		return nil, &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	}
	away   = answer(503, failure("5030"), "Retry-After", "7")
	slowly = answer(429, failure("4290"), "Retry-After", "7")
)

const keyID domain.KeyID = "sk_live_0000000000000000"

func TestManager_RetriesWithTheSameIdempotencyKey(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]func() (*http.Response, error){
		"a lost connection":     lost,
		"429":                   slowly,
		"503":                   away,
		"a gateway's 502":       answer(502, "<html>", "Content-Type", "text/html"),
		"a gateway's 504":       answer(504, "<html>", "Content-Type", "text/html"),
		"409 while it is going": answer(409, failure("4090"), "Retry-After", "1"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{answers: []func() (*http.Response, error){failing, failing, done}}
				if err := s.manage(t).DisableKey(t.Context(), keyID); err != nil {
					t.Fatal(err)
				}
				if len(s.sent) != 3 || s.sent[0].key == "" || s.sent[1].key != s.sent[0].key || s.sent[2].key != s.sent[0].key {
					t.Errorf("sent = %v, want three requests with one idempotency key", s.sent)
				}
				if s.sent[0].at.Equal(s.sent[1].at) {
					t.Error("the second attempt was not delayed")
				}
			})
		})
	}
}

func TestManager_MakesAnotherIdempotencyKeyForEachCall(t *testing.T) {
	t.Parallel()
	s := &scenario{answers: []func() (*http.Response, error){done}}
	for range 2 {
		if err := s.manage(t).EnableKey(t.Context(), keyID); err != nil {
			t.Fatal(err)
		}
	}
	if s.sent[0].key == s.sent[1].key {
		t.Errorf("both calls have the idempotency key %q", s.sent[0].key)
	}
}

func TestManager_WaitsAsLongAsTheServiceAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		date := answer(503, failure("5030"), "Retry-After", time.Now().Add(30*time.Second).UTC().Format(http.TimeFormat))
		s := &scenario{answers: []func() (*http.Response, error){away, date, done}}
		if err := s.manage(t).DisableKey(t.Context(), keyID); err != nil {
			t.Fatal(err)
		}
		if waited := s.sent[1].at.Sub(s.sent[0].at); waited < 7*time.Second || waited > 8*time.Second {
			t.Errorf("waited %v, want 7 s and a little", waited)
		}
		if waited := s.sent[2].at.Sub(s.sent[0].at); waited < 29*time.Second {
			t.Errorf("waited %v in all, want until the date", waited)
		}
	})
}

func TestManager_GivesUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer   func() (*http.Response, error)
		options  []client.ChangeOption
		limit    time.Duration // of the context; 0 for none
		attempts int
	}{
		"after four attempts":                        {answer: away, attempts: 4},
		"when it would wait beyond the deadline":     {answer: away, limit: 5 * time.Second, attempts: 1},
		"when the service asks to wait too long":     {answer: answer(503, failure("5030"), "Retry-After", "31"), attempts: 1},
		"on 500":                                     {answer: answer(500, failure("5000")), attempts: 1},
		"on 404":                                     {answer: answer(404, failure("4040")), attempts: 1},
		"on a conflict that will not pass":           {answer: answer(409, failure("4090")), attempts: 1},
		"on a redirect":                              {answer: answer(302, "", "Location", "https://elsewhere.example"), attempts: 1},
		"on a response of another service":           {answer: answer(200, `{"ok":true}`), attempts: 1},
		"when the certificate is not trusted":        {answer: untrusted, attempts: 1},
		"when a change with If-Match may be made":    {answer: lost, options: []client.ChangeOption{client.IfMatch(`"1"`)}, attempts: 1},
		"when a change with If-Match is unavailable": {answer: away, options: []client.ChangeOption{client.IfMatch(`"1"`)}, attempts: 1},
		"last, when a change with If-Match is early": {answer: slowly, options: []client.ChangeOption{client.IfMatch(`"1"`)}, attempts: 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if c.limit > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.limit)
					defer cancel()
				}
				s := &scenario{answers: []func() (*http.Response, error){c.answer}}
				if _, err := s.manage(t).UpdateKey(ctx, keyID, client.KeyPatch{}, c.options...); err == nil {
					t.Error("UpdateKey() succeeded")
				}
				if len(s.sent) != c.attempts {
					t.Errorf("%d attempts, want %d", len(s.sent), c.attempts)
				}
			})
		})
	}
}

func TestManager_SaysWhyItFailedWhenCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &scenario{answers: []func() (*http.Response, error){away}}
		time.AfterFunc(time.Second, cancel)
		err := s.manage(t).DisableKey(ctx, keyID)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, domain.ErrUnavailable) || len(s.sent) != 1 {
			t.Errorf("DisableKey() = %v after %d attempts", err, len(s.sent))
		}
	})
}

func TestManager_ReportsALostConnectionAsUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{answers: []func() (*http.Response, error){lost}}
		err := s.manage(t).DisableKey(t.Context(), keyID)
		if !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("DisableKey() = %v", err)
		}
	})
}

func TestManager_AsksForATokenForEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{answers: []func() (*http.Response, error){away, done}}
		tokens := 0
		m, err := client.NewManager(client.ManagerOptions{
			BaseURL: "https://keys.example.com", ClientHash: "device-1", HTTPClient: &http.Client{Transport: s},
			Token: func(context.Context) (string, error) { tokens++; return "t", nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Workspace(ws).DisableKey(t.Context(), keyID); err != nil || tokens != 2 {
			t.Errorf("DisableKey() = %v with %d tokens, want 2", err, tokens)
		}
	})
}

func TestManager_FailsWithoutAToken(t *testing.T) {
	t.Parallel()
	refused := errors.New("no token today")
	for name, token := range map[string]client.TokenSource{
		"an error":         func(context.Context) (string, error) { return "secret-token", refused },
		"an empty token":   tokenOf(""),
		"a token of lines": tokenOf("secret-token\r\nX: y"),
	} {
		s := &scenario{answers: []func() (*http.Response, error){done}}
		m, err := client.NewManager(client.ManagerOptions{
			BaseURL: "https://keys.example.com", ClientHash: "device-1", HTTPClient: &http.Client{Transport: s}, Token: token,
		})
		if err != nil {
			t.Fatal(err)
		}
		err = m.Workspace(ws).DisableKey(t.Context(), keyID)
		if err == nil || strings.Contains(err.Error(), "secret-token") || len(s.sent) != 0 {
			t.Errorf("%s: DisableKey() = %v after %d requests", name, err, len(s.sent))
		}
		if name == "an error" && !errors.Is(err, refused) {
			t.Errorf("DisableKey() = %v, want it to wrap %v", err, refused)
		}
	}
}

// A manager sends every header that the contract asks for, and no other secret.
func TestManager_SendsTheHeadersOfTheContract(t *testing.T) {
	t.Parallel()
	var got http.Header
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		writeJSON(w, `{"success":true,"data":null}`)
	})
	m, err := client.NewManager(client.ManagerOptions{BaseURL: url + "/", Token: tokenOf("t"), ClientHash: "device-1", Language: "vi"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Workspace(ws).DisableKey(t.Context(), keyID, client.WithIdempotencyKey("order-42")); err != nil {
		t.Fatal(err)
	}
	got.Del("User-Agent")
	got.Del("Content-Length")
	want := http.Header{
		"Accept": {"application/json"}, "Accept-Language": {"vi"}, "Authorization": {"Bearer t"},
		"Idempotency-Key": {"order-42"}, "X-Client-Hash": {"device-1"}, "X-Workspace-Id": {"ws_1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}
