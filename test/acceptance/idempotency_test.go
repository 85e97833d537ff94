package acceptance

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/memory"
	goclient "github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func idempotencyKey(key string) func(*request) { return set("Idempotency-Key", key) }

// mustBeReplay fails the test unless again equals first, except for the secret
// and the time.
func mustBeReplay(t *testing.T, first, again answer) {
	t.Helper()
	if first.header.Get("Idempotent-Replayed") != "" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("Idempotent-Replayed = %q, then %q", first.header.Get("Idempotent-Replayed"), again.header.Get("Idempotent-Replayed"))
	}
	if again.status != first.status || again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("%d at %q, then %d at %q", first.status, first.header.Get("Location"), again.status, again.header.Get("Location"))
	}
	if first.body == "" {
		if again.body != "" {
			t.Errorf("a body: %s", again.body)
		}
		return
	}
	want, got := first.fields(t), again.fields(t)
	if data, ok := want["data"].(map[string]any); ok {
		delete(data, "secret")
	}
	delete(want, "timestamp")
	delete(got, "timestamp")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-first +again):\n%s", diff)
	}
}

func TestIdempotency_EveryPOSTIsCarriedOutOnce(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, _ := w.newKey(t, keySpec{Name: "first"})
		for _, r := range []request{
			w.create(t, `{"name":"k","scopes":["a:b"],"ipWhitelist":["10.0.0.0/8"],"expiresAt":"2026-03-21T01:00:00Z"}`, idempotencyKey("create")),
			w.rotate(t, id, `{"gracePeriodSeconds":60}`, idempotencyKey("rotate")),
			w.rotate(t, id, ``, idempotencyKey("rotate-without-a-body")),
			w.manage(t, http.MethodPost, "/"+id+"/disable", idempotencyKey("disable")),
			w.manage(t, http.MethodPost, "/"+id+"/disable", idempotencyKey("disable-again")),
			w.manage(t, http.MethodPost, "/"+id+"/enable", idempotencyKey("enable")),
			w.remove(t, id, idempotencyKey("delete")),
		} {
			first := do(t, r)
			if first.status >= 300 {
				t.Fatalf("%s: %d %s", r.url, first.status, first.body)
			}
			mustBeReplay(t, first, do(t, r))
			mustBeReplay(t, first, do(t, r))
		}
		if names, total := do(t, w.list(t, "")).named(t); total != 1 || names[0] != "k" {
			t.Errorf("%d keys are left: %s", total, names)
		}
		types := do(t, w.events(t, id, "")).types(t)
		if diff := cmp.Diff([]string{"CREATED", "DELETED", "DISABLED", "ENABLED", "ROTATED", "ROTATED"}, slices.Sorted(slices.Values(types))); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestIdempotency_AReplayShowsTheOriginalOutcome(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		create := w.create(t, `{"name":"k","expiresAt":"2026-03-21T01:00:00Z"}`, idempotencyKey("c"))
		first := do(t, create)
		id := first.data(t)["apiKeyId"].(string)
		rotate := w.rotate(t, id, `{}`, idempotencyKey("r"))
		rotated := do(t, rotate)
		w.disableKey(t, id)
		mustBeReplay(t, rotated, do(t, rotate))
		w.clock.Set(now.Add(2 * time.Hour)) // past its expiry
		w.deleteKey(t, id)
		again := w.create(t, create.body, idempotencyKey("c")) // with a current token
		mustBeReplay(t, first, do(t, again))
		mustBeReplay(t, rotated, do(t, w.rotate(t, id, `{}`, idempotencyKey("r"))))
	})
}

func TestIdempotency_409_anotherRequest(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, _ := w.newKey(t, keySpec{Name: "first"})
		do(t, w.create(t, `{"name":"k"}`, idempotencyKey("o")))
		for name, r := range map[string]request{
			"another body":      w.create(t, `{"name":"k" }`, idempotencyKey("o")),
			"another operation": w.manage(t, http.MethodPost, "/"+id+"/disable", idempotencyKey("o")),
			"another account":   w.create(t, `{"name":"k"}`, idempotencyKey("o"), as(w.token(t, func(c *jwttest.Claims) { c.Account = "acc-8" }))),
		} {
			t.Log(name)
			mustBe(t, do(t, r), 409, "4091", "Idempotency-Key was used with a different request")
		}
		if a := do(t, w.create(t, `{"name":7}`, idempotencyKey("o"))); a.status != 400 {
			t.Errorf("a wrong body is judged after the key: %d", a.status)
		}
		elsewhere := as(w.token(t, func(c *jwttest.Claims) { c.Workspaces = map[string]string{"ws_2": "OWNER"} }))
		a := do(t, w.create(t, `{"name":"k"}`, idempotencyKey("o"), elsewhere, set("X-Workspace-Id", "ws_2"), func(r *request) { r.url = strings.Replace(r.url, "/ws_1/", "/ws_2/", 1) }))
		if a.status != 201 || a.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("the key of another workspace: %d %s", a.status, a.body)
		}
	})
}

func TestIdempotency_ARejectedRequestLeavesTheKeyUnused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		ctx, keys, option := t.Context(), w.manager(t), goclient.WithIdempotencyKey("o")
		const unknown = "sk_live_0000000000000000"
		for name, refused := range map[string]func() error{
			"an invalid name": func() error { _, err := keys.CreateKey(ctx, keySpec{}, option); return err },
			"a TEST key of a tenant": func() error {
				_, err := w.manager(t, portal("TENANT")).CreateKey(ctx, keySpec{Name: "k", Mode: domain.ModeTest}, option)
				return err
			},
			"an expiry in the past": func() error {
				_, err := keys.CreateKey(ctx, keySpec{Name: "k", ExpiresAt: at("2020-01-01T00:00:00Z")}, option)
				return err
			},
			"a rotation of no key":  func() error { _, err := keys.RotateKey(ctx, unknown, 0, option); return err },
			"an enabling of no key": func() error { return keys.EnableKey(ctx, unknown, option) },
			"a deletion of no key":  func() error { return keys.DeleteKey(ctx, unknown, option) },
		} {
			if code := codeOf(t, refused()); code == "" {
				t.Errorf("%s was not refused", name)
			}
		}
		if _, err := keys.CreateKey(ctx, keySpec{Name: "k"}, option); err != nil {
			t.Error(err)
		}
	})
}

func TestIdempotency_ExpiresAfterADay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		create := func(name string) error {
			_, err := w.manager(t).CreateKey(t.Context(), keySpec{Name: name}, goclient.WithIdempotencyKey("o"))
			return err
		}
		if err := create("k"); err != nil {
			t.Fatal(err)
		}
		w.clock.Set(now.Add(24*time.Hour - time.Microsecond))
		if _, replayed := errors.AsType[*goclient.Replayed](create("k")); !replayed {
			t.Error("within a day it is no replay")
		}
		w.clock.Set(now.Add(24 * time.Hour))
		if err := create("another"); err != nil {
			t.Errorf("after a day: %v", err)
		}
	})
}

func TestIdempotency_OneOfManyAtOnceIsCarriedOut(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		made := 0
		for _, a := range atOnce(t, slices.Repeat([]request{w.create(t, `{"name":"k"}`, idempotencyKey("o"))}, 20)) {
			switch {
			case a.status == 201 && a.header.Get("Idempotent-Replayed") == "":
				made++
			case a.status == 409 && a.header.Get("Retry-After") == "1":
				mustBe(t, a, 409, "4090", "Request conflicts with the state of the API key")
			case a.status != 201 || strings.Contains(a.body, "secret"):
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if _, total := do(t, w.list(t, "")).named(t); made != 1 || total != 1 {
			t.Errorf("%d answers say that they made a key, and there are %d", made, total)
		}
	})
}

// waiting is a repository whose creates wait until they are released.
type waiting struct {
	ports.KeyRepository
	begun, goOn chan struct{}
}

func (w waiting) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	w.begun <- struct{}{}
	<-w.goOn
	return w.KeyRepository.Create(ctx, key, event, options)
}

func TestIdempotency_409_theTwinIsStillRunning(t *testing.T) {
	t.Parallel()
	store := waiting{memory.NewKeyRepository(), make(chan struct{}), make(chan struct{})}
	w := newWorld(t, nil, apikeys.WithStore(apikeys.Store{Keys: store}))
	r := w.create(t, `{"name":"k"}`, idempotencyKey("o"))
	first := make(chan answer, 1)
	begin(t, r, first)
	<-store.begun
	twin := do(t, r)
	mustBe(t, twin, 409, "4090", "Request conflicts with the state of the API key")
	if got := twin.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After = %q", got)
	}
	close(store.goOn)
	if a := <-first; a.status != 201 {
		t.Errorf("the first: %d %s", a.status, a.body)
	}
}

func TestIdempotency_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, tt := range []struct {
		values []string
		want   string
	}{
		{[]string{""}, "Idempotency-Key length"},
		{[]string{strings.Repeat("x", 256)}, "Idempotency-Key length"},
		{[]string{"with space"}, "Idempotency-Key characters"},
		{[]string{"a", "a"}, "Idempotency-Key duplicate_field"},
	} {
		mustFail(t, do(t, w.create(t, `{"name":"k"}`, set("Idempotency-Key", tt.values...))), []string{tt.want})
	}
}

func TestIdempotency_400_sentTwiceWhereItSaysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKey(t, keySpec{Name: "k"})
	twice := set("Idempotency-Key", "a", "a")
	patch := w.create(t, `{}`, twice)
	patch.method, patch.url = http.MethodPatch, patch.url+"/"+id
	for _, r := range []request{
		patch,
		w.manage(t, http.MethodGet, "", twice),
		w.manage(t, http.MethodGet, "/"+id, twice),
		w.manage(t, http.MethodGet, "/"+id+"/events", twice),
	} {
		mustFail(t, do(t, r), []string{"Idempotency-Key duplicate_field"})
	}
}
