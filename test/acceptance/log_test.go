package acceptance

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/logbook"
)

// handled returns the status of the response to r and the log lines. It
// bypasses the server, which may send a response before its line is logged.
func handled(h http.Handler, log *logbook.Book, r request) (status int, lines string) {
	before := len(log.String())
	asked := httptest.NewRequest(r.method, r.url, strings.NewReader(r.body))
	asked.Header = r.header
	answered := httptest.NewRecorder()
	h.ServeHTTP(answered, asked)
	return answered.Code, log.String()[before:]
}

func TestVerify_IsLoggedOnlyWithoutAResult(t *testing.T) {
	t.Parallel()
	var log logbook.Book
	w := newWorld(t, nil, apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
	cases := []struct {
		name, body string
		status     int
		logged     bool
	}{
		{"a yes", `{"key":"` + secret + `"}`, http.StatusOK, false},
		{"a no", `{"key":"` + unknownSecret(t) + `"}`, http.StatusOK, false},
		{"a malformed check", `{"key":1}`, http.StatusBadRequest, true},
	}
	internal := w.service.InternalHandler()
	for _, tc := range cases {
		status, lines := handled(internal, &log, w.verify(tc.body))
		if logged := strings.Contains(lines, `"route":"/internal/v1/api-keys/verify"`); status != tc.status || logged != tc.logged {
			t.Errorf("%s is answered %d, want %d, and logged: %v\n%s", tc.name, status, tc.status, logged, lines)
		}
	}
}

func TestVerify_503_isLoggedWithItsCause(t *testing.T) {
	t.Parallel()
	var log logbook.Book
	w := failingWorld(t, func() error { return fmt.Errorf("the line is dead: %w", domain.ErrUnavailable) },
		apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	status, lines := handled(w.service.InternalHandler(), &log, w.verify(`{"key":"`+unknownSecret(t)+`"}`))
	for _, want := range []string{`"level":"ERROR"`, `"route":"/internal/v1/api-keys/verify"`, `"code":"5030"`, "the line is dead"} {
		if status != http.StatusServiceUnavailable || !strings.Contains(lines, want) {
			t.Errorf("answer %d, log lacks %s:\n%s", status, want, lines)
		}
	}
}

// A client may send its key in a wrong header, or a proxy may.
func TestRequestID_IsNeverASecret(t *testing.T) {
	t.Parallel()
	var log logbook.Book
	w := newWorld(t, nil, apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	secret := unknownSecret(t)
	named := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { // like an embedder's middleware
		rw.Header().Set("X-Request-Id", r.Header.Get("X-Request-Id"))
		w.service.Handler().ServeHTTP(rw, r)
	})
	for name, h := range map[string]http.Handler{"the public listener": w.service.Handler(), "the internal listener": w.service.InternalHandler(), "an embedder": named} {
		for _, sent := range []string{secret, "r-" + secret + "-1"} {
			r := httptest.NewRequest(http.MethodGet, "/nowhere", http.NoBody)
			r.Header.Set("X-Request-Id", sent)
			answered := httptest.NewRecorder()
			h.ServeHTTP(answered, r)
			if got := answered.Header().Values("X-Request-Id"); len(got) != 1 || got[0] == "" || strings.Contains(got[0], secret) {
				t.Errorf("%s: X-Request-Id is %q", name, got)
			}
		}
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("the secret is in the log:\n%s", log.String())
	}
}

// aborting is an authenticator of an embedder that aborts every request.
type aborting struct{}

func (aborting) Authenticate(context.Context, string) (domain.Actor, error) {
	panic(http.ErrAbortHandler)
}

// net/http closes the connection after such a panic, without a log line.
func TestCreateKey_PassesOnAnAbort(t *testing.T) {
	t.Parallel()
	var log logbook.Book
	w := newWorld(t, nil, apikeys.WithAuthenticator(aborting{}),
		apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	r := w.create(t, `{"name":"k"}`)
	defer func() {
		if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			t.Errorf("the handler panics with %v, want http.ErrAbortHandler", p)
		}
		if strings.Contains(log.String(), `"msg":"panic"`) {
			t.Errorf("it is logged as a fault:\n%s", log.String())
		}
	}()
	status, _ := handled(w.service.Handler(), &log, r)
	t.Errorf("the abort is answered %d", status)
}
