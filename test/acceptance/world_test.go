package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/apidocs"
	"github.com/slaunchx/apikeys/adapters/console"
	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/migrated"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/serving"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	workspace  = "ws_1"
	account    = "acc-7"
	clientHash = "device-1"
)

// now is the time of a world's clock until it is set.
var now = time.Date(2026, 3, 21, 0, 0, 0, 123456789, time.UTC)

// world is a running service with its own token issuer.
type world struct {
	public   string // http://host:port
	internal string
	extAuthz string // host:port
	issuer   *jwttest.Issuer
	clock    *clock
	service  *apikeys.Service
}

type clock struct{ at atomic.Pointer[time.Time] }

func (c *clock) Now() time.Time   { return *c.at.Load() }
func (c *clock) Set(t time.Time)  { c.at.Store(&t) }
func newClock(t time.Time) *clock { c := new(clock); c.Set(t); return c }

// stores are the databases on which contract cases run.
var stores = map[string]func(t testing.TB) string{
	"memory":   func(testing.TB) string { return "memory://" },
	"sqlite":   migrated.SQLite,
	"postgres": migrated.PostgreSQL,
}

// emptyStores are databases that nobody has migrated.
var emptyStores = map[string]func(t testing.TB) string{
	"memory":   stores["memory"],
	"sqlite":   func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "apikeys.db") },
	"postgres": func(t testing.TB) string { return pgtest.NewDatabase(t) },
}

// onEveryStore runs a case once on each store.
func onEveryStore(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	onEveryStoreWith(t, func(*config.Config) {}, run)
}

// onEveryStoreWith runs a case once on each store, in a world that change makes.
func onEveryStoreWith(t *testing.T, change func(*config.Config), run func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	for name, url := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, newReadyWorld(t, func(cfg *config.Config) {
				cfg.DatabaseURL = config.Secret(url(t))
				change(cfg)
			}))
		})
	}
}

// newReadyWorld starts a service and waits until it is ready, so that no request has to
// wait for the first connection, which takes long on a busy machine.
func newReadyWorld(t *testing.T, change func(*config.Config)) *world {
	t.Helper()
	w := newWorld(t, change)
	await(t, "the service to be ready", func() bool { return w.service.Ready(t.Context()) == nil })
	return w
}

// newWorld starts a service on memory, unless change says otherwise.
func newWorld(t *testing.T, change func(*config.Config), opts ...apikeys.Option) *world {
	t.Helper()
	issuer := jwttest.NewIssuer(t)
	clock := newClock(now)
	issuer.SetClock(clock.Now)
	cfg := serving.ConfigTrusting(t, issuer)
	cfg.ExtAuthzAddr = "127.0.0.1:0"
	if change != nil {
		change(&cfg)
	}
	running := serving.Start(t, cfg, append([]apikeys.Option{
		apikeys.WithClock(clock.Now), apikeys.WithExtAuthz(extauthz.New),
		apikeys.WithReferencePages(apidocs.New(apidocs.PublicServer), apidocs.New(apidocs.InternalServer)),
		apikeys.WithConsole(console.New),
	}, opts...)...)
	heldToTheDocument(t, running)
	return &world{
		public:   "http://" + running.Public,
		internal: "http://" + running.Internal,
		extAuthz: running.ExtAuthz,
		issuer:   issuer,
		clock:    clock,
		service:  running.Service,
	}
}

// token returns a token of an OWNER of the workspace on the PARTNER portal,
// changed by the given claims.
func (w *world) token(t *testing.T, changes ...func(*jwttest.Claims)) string {
	t.Helper()
	claims := jwttest.Claims{
		Account:    account,
		Portal:     "PARTNER",
		Workspaces: map[string]string{workspace: "OWNER"},
	}
	for _, change := range changes {
		change(&claims)
	}
	return w.issuer.Token(t, claims)
}

func role(name string) func(*jwttest.Claims) {
	return func(c *jwttest.Claims) { c.Workspaces = map[string]string{workspace: name} }
}

func portal(name string) func(*jwttest.Claims) {
	return func(c *jwttest.Claims) { c.Portal = name }
}

// request is one request, valid until changed.
type request struct {
	method, url string
	header      http.Header
	body        string
}

const keysPath = "/web/v1/workspaces/" + workspace + "/api-keys"

// create returns a valid request to create a key.
func (w *world) create(t *testing.T, body string, changes ...func(*request)) request {
	t.Helper()
	r := request{
		method: http.MethodPost,
		url:    w.public + keysPath,
		body:   body,
		header: http.Header{
			"Authorization":  {"Bearer " + w.token(t)},
			"Content-Type":   {"application/json"},
			"X-Client-Hash":  {clientHash},
			"X-Workspace-Id": {workspace},
		},
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

// verify returns a permission check on the internal listener.
func (w *world) verify(body string) request {
	return request{method: http.MethodPost, url: w.internal + "/internal/v1/api-keys/verify", body: body, header: http.Header{}}
}

func set(name string, values ...string) func(*request) {
	return func(r *request) { r.header[http.CanonicalHeaderKey(name)] = values }
}

func without(name string) func(*request) {
	return func(r *request) { r.header.Del(name) }
}

func as(token string) func(*request) { return set("Authorization", "Bearer "+token) }

// answer is a response.
type answer struct {
	status int
	header http.Header
	body   string
}

// fields returns the response's body as JSON.
func (a answer) fields(t *testing.T) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(a.body), &fields); err != nil {
		t.Fatalf("body is not JSON: %v: %s", err, a.body)
	}
	return fields
}

// data returns the payload of a success.
func (a answer) data(t *testing.T) map[string]any {
	t.Helper()
	data, ok := a.fields(t)["data"].(map[string]any)
	if !ok {
		t.Fatalf("data is no object: %s", a.body)
	}
	return data
}

// faults lists the errors of a 4000 as "field reason".
func (a answer) faults(t *testing.T) []string {
	t.Helper()
	var body struct {
		Errors []struct{ Field, Reason, Message string }
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("body is not JSON: %v: %s", err, a.body)
	}
	faults := []string{}
	for _, e := range body.Errors {
		if e.Message == "" {
			t.Errorf("no message for %s %s", e.Field, e.Reason)
		}
		faults = append(faults, strings.TrimSpace(e.Field+" "+e.Reason))
	}
	return faults
}

// do sends r without following redirects, without compression and without added
// headers.
func do(t *testing.T, r request) answer {
	t.Helper()
	a, err := send(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// begin sends r in the background; the test does not end before the response is
// in answers. A failed request has the zero answer.
func begin(t *testing.T, r request, answers chan<- answer) {
	t.Helper()
	var sent sync.WaitGroup
	sent.Go(func() {
		a, err := send(t.Context(), r)
		if err != nil {
			t.Error(err)
		}
		answers <- a
	})
	t.Cleanup(sent.Wait)
}

// atOnce sends all requests at the same time and returns their responses.
func atOnce(t *testing.T, requests []request) []answer {
	t.Helper()
	answers := make([]answer, len(requests))
	var sent sync.WaitGroup
	for i, r := range requests {
		sent.Go(func() {
			var err error
			if answers[i], err = send(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	sent.Wait()
	return answers
}

func send(ctx context.Context, r request) (answer, error) {
	var body io.Reader
	if r.body != "" {
		body = bytes.NewReader([]byte(r.body))
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, body)
	if err != nil {
		return answer{}, err
	}
	req.Header = r.header
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{status: res.StatusCode, header: res.Header, body: string(text)}, err
}

var client = &http.Client{
	Transport:     checked,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       time.Minute,
}

// mustBe fails the test unless a is exactly the error envelope of that status,
// code and message.
func mustBe(t *testing.T, a answer, status int, code, message string) {
	t.Helper()
	want := `{"success":false,"code":"` + code + `","message":"` + message + `"}`
	if a.status != status || a.body != want {
		t.Errorf("answer = %d %s, want %d %s", a.status, a.body, status, want)
	}
	mustHaveHeaders(t, a)
}

// mustHaveHeaders checks the headers of every response with a body.
func mustHaveHeaders(t *testing.T, a answer) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type":     "application/json; charset=utf-8",
		"Content-Language": "en",
		"Vary":             "Accept-Language",
		"Cache-Control":    "no-store",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Error("no X-Request-Id")
	}
}
