package fault

import (
	"crypto/rand"
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/slaunchx/apikeys/client/webhook"
)

// soonestRepeat is the minimum time between two attempts of a delivery if the response
// to the first was not recorded: a lease of 45 s, of which an attempt must leave 25 s
// when it begins. Attempts are dated in seconds.
const soonestRepeat = 24 * time.Second

// subscriptions are the events of the webhooks, by the path of their URL.
var subscriptions = map[string][]string{
	"/all":      {webhook.KeyCreated, webhook.KeyRotated, webhook.KeyDisabled},
	"/disabled": {webhook.KeyDisabled},
}

// receiver receives the deliveries of the webhooks of a workspace, and verifies each
// with the public library of Standard Webhooks.
type receiver struct {
	t      *testing.T
	server *httptest.Server
	holds  atomic.Bool   // the next request gets no response
	closed chan struct{} // ends a request that gets no response

	mu        sync.Mutex // guards what follows
	verifiers map[string]*standardwebhooks.Webhook
	messages  map[string][]message // by webhook-id, as they came
	recorded  map[string]bool      // the service has recorded that they were delivered
	excused   map[string]int       // how often it may be sent again within a lease
}

// message is a verified request.
type message struct {
	path     string
	event    webhook.Event
	body     string
	signed   time.Time
	answered bool
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{
		t: t, closed: make(chan struct{}), verifiers: map[string]*standardwebhooks.Webhook{},
		messages: map[string][]message{}, recorded: map[string]bool{}, excused: map[string]int{},
	}
	r.server = httptest.NewServer(r)
	t.Cleanup(func() {
		close(r.closed)
		r.server.Close()
	})
	return r
}

// subscribe creates the webhooks.
func (r *receiver) subscribe(t *testing.T, w *world) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for path, events := range subscriptions {
		body := `{"url":"` + r.server.URL + path + `","events":["` + strings.Join(events, `","`) + `"]}`
		verifier, err := standardwebhooks.NewWebhook(w.newWebhook(t, body))
		if err != nil {
			t.Fatal(err)
		}
		r.verifiers[path] = verifier
	}
}

// newWebhook creates a webhook and returns its secret. If the webhook was created by a
// request that got 503, the response lacks the secret, so that another one is made.
func (w *world) newWebhook(t *testing.T, body string) (secret string) {
	t.Helper()
	webhooks, key := w.public+"/web/v1/workspaces/"+workspace+"/webhooks", "webhook-"+rand.Text()
	var a answer
	eventually(t, "no webhook is created", func() bool {
		a = w.call(t, http.MethodPost, webhooks, body, func(h http.Header) { h.Set("Idempotency-Key", key) })
		return !isPutOff(a)
	})
	if a.replayed {
		rotate := webhooks + "/" + member(a.body, "webhookId") + "/rotate"
		a = available(t, func() answer { return w.call(t, http.MethodPost, rotate, "") })
	}
	secret = member(a.body, "secret")
	if a.status/100 != 2 || secret == "" {
		t.Fatalf("create a webhook: %d %s", a.status, a.body)
	}
	return secret
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the service was killed before it had sent everything
	}
	if !r.receive(request.URL.Path, request.Header, body, !r.holds.CompareAndSwap(true, false)) {
		select {
		case <-request.Context().Done():
		case <-r.closed:
		}
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// receive notes a request and returns answered.
func (r *receiver) receive(path string, header http.Header, body []byte, answered bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := header.Get(webhook.HeaderID)
	if err := r.verifiers[path].Verify(body, header); err != nil {
		r.t.Errorf("%s to %s: %v", id, path, err)
	}
	event, err := webhook.Parse(body)
	seconds, timeErr := strconv.ParseInt(header.Get(webhook.HeaderTimestamp), 10, 64)
	if err != nil || timeErr != nil {
		r.t.Errorf("%s to %s: %s, %v, %v", id, path, body, err, timeErr)
	}
	if r.recorded[id] {
		r.t.Errorf("%s to %s is sent again after it was recorded as delivered", id, path)
	}
	r.messages[id] = append(r.messages[id], message{path: path, event: event, body: string(body), signed: time.Unix(seconds, 0), answered: answered})
	return answered
}

// readRecorded reads which deliveries the service has recorded as delivered. From then
// on, none of them may be sent.
func (r *receiver) readRecorded(t *testing.T, db *sql.DB) {
	t.Helper()
	r.mark(t, db, `SELECT id, 1 FROM api_key_deliveries WHERE status = 'DELIVERED'`, func(id string, _ int) { r.recorded[id] = true })
}

// endLeases ends all leases, as if a minute had passed. No service may be running.
func (r *receiver) endLeases(t *testing.T, db *sql.DB) {
	t.Helper()
	r.mark(t, db, `UPDATE api_key_deliveries SET leased_until = created_at WHERE leased_until IS NOT NULL RETURNING id, 1`,
		func(id string, n int) { r.excused[id] += n })
}

// mark marks the deliveries that query returns, each with a number.
func (r *receiver) mark(t *testing.T, db *sql.DB, query string, mark func(id string, n int)) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			t.Fatal(err)
		}
		mark(id, n)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// awaitAll waits until all deliveries are recorded as delivered.
func (r *receiver) awaitAll(t *testing.T, db *sql.DB) {
	t.Helper()
	eventually(t, "a delivery is pending", func() bool {
		return count(t, db, `SELECT count(*) FROM api_key_deliveries WHERE status = 'PENDING'`) == 0
	})
	if n := count(t, db, `SELECT count(*) FROM api_key_deliveries WHERE status <> 'DELIVERED'`); n != 0 {
		t.Errorf("%d deliveries failed", n)
	}
}

// judge checks that the webhooks were sent every event of the database, among them those
// of all acknowledged changes, and nothing else, and that nothing was sent twice without
// a reason.
func (r *receiver) judge(t *testing.T, db *sql.DB, lives []*life) (what string) {
	t.Helper()
	// A receiver that is kept waiting by the machine responds too late.
	r.mark(t, db, `SELECT id, attempts - 1 FROM api_key_deliveries WHERE attempts > 1`, func(id string, n int) { r.excused[id] += n })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hasAll(t, lives)
	events := count(t, db, `SELECT count(*) FROM api_key_events WHERE type IN ('CREATED', 'ROTATED', 'DISABLED')`)
	events += count(t, db, `SELECT count(*) FROM api_key_events WHERE type = 'DISABLED'`)
	if stored := count(t, db, `SELECT count(*) FROM api_key_deliveries`); stored != events || len(r.messages) != events {
		t.Errorf("%d deliveries are stored and %d were received, want %d", stored, len(r.messages), events)
	}
	requests, repeats, unanswered := 0, 0, 0
	for id, all := range r.messages {
		requests += len(all)
		repeats += len(all) - 1
		for _, m := range all {
			if !m.answered {
				unanswered++
			}
		}
		r.mayRepeat(t, id, all)
	}
	return strconv.Itoa(events) + " deliveries, all received and verified, by " + strconv.Itoa(requests) + " requests: " +
		strconv.Itoa(repeats) + " repeated attempts that were not recorded, " + strconv.Itoa(unanswered) + " got no response"
}

// hasAll checks that every acknowledged change was received, each under one ID by each
// webhook.
func (r *receiver) hasAll(t *testing.T, lives []*life) {
	t.Helper()
	type change struct{ path, key, event string }
	ids := map[change]int{}
	for _, all := range r.messages {
		ids[change{all[0].path, all[0].event.Data.KeyID, all[0].event.Type}]++
	}
	for c, n := range ids {
		if n != 1 {
			t.Errorf("%s of %s was sent to %s under %d IDs", c.event, c.key, c.path, n)
		}
	}
	for _, l := range lives {
		for stage, event := range subscriptions["/all"] {
			if int(l.stage) > stage && ids[change{"/all", l.id, event}] == 0 {
				t.Errorf("%s of %s was acknowledged and not sent", event, l.id)
			}
		}
		if l.stage == disabled && ids[change{"/disabled", l.id, webhook.KeyDisabled}] == 0 {
			t.Errorf("%s was disabled, which was not sent to the second webhook", l.id)
		}
	}
}

// mayRepeat checks the attempts of one delivery: it may be sent again if an attempt got
// no response, if the lease had ended, or once for each time that the test ended the
// lease or the service recorded a failure.
func (r *receiver) mayRepeat(t *testing.T, id string, all []message) {
	t.Helper()
	early := 0
	for i, later := range all[1:] {
		before := all[i]
		if later.body != before.body || later.path != before.path {
			t.Errorf("%s is sent as %s to %s, then as %s to %s", id, before.body, before.path, later.body, later.path)
		}
		if before.answered && later.signed.Sub(before.signed) < soonestRepeat {
			early++
		}
	}
	if early > r.excused[id] {
		t.Errorf("%s is sent again %d times within a lease, want at most %d", id, early, r.excused[id])
	}
}
