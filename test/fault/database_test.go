// Package fault makes the dependencies of the service fail, and checks its
// responses.
package fault

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/serving"
)

const workspace = "ws_1"

// world is a running service with its clients.
type world struct {
	public, internal string
	token            string
	client           *http.Client
}

func start(t *testing.T, databaseURL string, edits ...func(*config.Config)) *world {
	t.Helper()
	return startWith(t, jwttest.NewIssuer(t), databaseURL, time.Now, edits...)
}

func startWith(t *testing.T, issuer *jwttest.Issuer, databaseURL string, now func() time.Time, edits ...func(*config.Config)) *world {
	t.Helper()
	cfg := serving.ConfigTrusting(t, issuer)
	cfg.DatabaseURL = config.Secret(databaseURL)
	for _, edit := range edits {
		edit(&cfg)
	}
	running := serving.Start(t, cfg, apikeys.WithClock(now))
	return &world{
		public:   "http://" + running.Public,
		internal: "http://" + running.Internal,
		token:    ownerToken(t, issuer),
		client:   http.DefaultClient,
	}
}

func ownerToken(t *testing.T, issuer *jwttest.Issuer) string {
	t.Helper()
	return issuer.Token(t, jwttest.Claims{
		Account: "acc-7", Portal: "PARTNER", Workspaces: map[string]string{workspace: "OWNER"},
	})
}

type answer struct {
	status     int
	retryAfter string
	body       string
	replayed   bool
	took       time.Duration
}

func (w *world) call(t *testing.T, method, url, body string, edits ...func(http.Header)) answer {
	t.Helper()
	a, err := w.ask(t.Context(), method, url, body, edits...)
	if err != nil {
		t.Fatalf("no response in %v: %v", patience, err)
	}
	return a
}

// ask sends one request, which may fail.
func (w *world) ask(ctx context.Context, method, url, body string, edits ...func(http.Header)) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header = http.Header{
		"Authorization":  {"Bearer " + w.token},
		"Content-Type":   {"application/json"},
		"X-Client-Hash":  {"device-1"},
		"X-Workspace-Id": {workspace},
	}
	for _, edit := range edits {
		edit(req.Header)
	}
	sent := time.Now()
	res, err := w.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{
		status: res.StatusCode, body: string(text), took: time.Since(sent),
		retryAfter: res.Header.Get("Retry-After"), replayed: res.Header.Get("Idempotent-Replayed") == "true",
	}, err
}

// create requests a key with the given members in addition to its name and
// scope.
func (w *world) create(t *testing.T, members ...string) answer {
	t.Helper()
	members = append([]string{`"name":"k"`, `"scopes":["a:b"]`}, members...)
	return w.call(t, http.MethodPost, w.url(""), "{"+strings.Join(members, ",")+"}")
}

// newKey creates a key and returns its secret.
func (w *world) newKey(t *testing.T, members ...string) (secret string) {
	t.Helper()
	a := available(t, func() answer { return w.create(t, members...) })
	secret = member(a.body, "secret")
	if a.status != http.StatusCreated || secret == "" {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	return secret
}

// available repeats a request while the response is 503, which may happen on a
// busy machine.
func available(t *testing.T, ask func() answer) (a answer) {
	t.Helper()
	eventually(t, "the service is unavailable", func() bool {
		a = ask()
		return a.status != http.StatusServiceUnavailable
	})
	return a
}

func (w *world) verify(t *testing.T, secret string) answer {
	t.Helper()
	return w.call(t, http.MethodPost, w.internal+"/internal/v1/api-keys/verify", `{"key":"`+secret+`"}`)
}

func (w *world) ready(t *testing.T) answer {
	t.Helper()
	return w.call(t, http.MethodGet, w.internal+"/readyz", "")
}

// becomesReady waits until the service is ready.
func (w *world) becomesReady(t *testing.T) {
	t.Helper()
	eventually(t, "the service is not ready", func() bool { return w.ready(t).status == http.StatusOK })
}

func mustBeUnavailable(t *testing.T, what string, a answer) {
	t.Helper()
	const body = `{"success":false,"code":"5030","message":"Service temporarily unavailable"}`
	if a.status != http.StatusServiceUnavailable || a.body != body || a.retryAfter != "1" {
		t.Errorf("%s: %d %s, Retry-After %q", what, a.status, a.body, a.retryAfter)
	}
}

func TestDatabase_IsUsedAgainAfterAnOutage(t *testing.T) {
	t.Parallel()
	server := startDurable(t)
	w := start(t, server.NewDatabase(t))
	secret := w.newKey(t)

	for range 2 {
		server.Stop(pgtest.Immediate)
		mustBeUnavailable(t, "create", w.create(t))
		mustBeUnavailable(t, "verify", w.verify(t, secret))
		mustBeUnavailable(t, "readyz", w.ready(t))
		if a := w.call(t, http.MethodGet, w.internal+"/livez", ""); a.status != http.StatusOK {
			t.Errorf("livez: %d", a.status)
		}

		server.Restart()
		w.becomesReady(t)
		w.mustSay(t, "a key made before the loss", secret, "OK")
		secret = w.newKey(t)
	}
}

func TestService_StartsWhileTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	url := server.NewDatabase(t)
	server.Stop(pgtest.Fast)
	w := start(t, url)
	mustBeUnavailable(t, "readyz", w.ready(t))
	mustBeUnavailable(t, "create", w.create(t))

	server.Restart()
	w.becomesReady(t)
	w.mustSay(t, "a key made after the start", w.newKey(t), "OK")
}
