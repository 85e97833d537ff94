package application_test

import (
	"bytes"
	"context"
	cryptorand "crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const day = 24 * time.Hour

// expiry is when the keys of these tests expire.
var expiry = now.Add(60 * day)

// warnedWorld is a workspace on a store with webhooks and a clock.
type warnedWorld struct {
	keys  *memory.KeyRepository
	hooks *memory.WebhookStore
	ws    *application.Workspace
	at    time.Time
}

func newWarnedWorld(t *testing.T, at time.Time) *warnedWorld {
	t.Helper()
	w := &warnedWorld{keys: memory.NewKeyRepository(), at: at}
	w.hooks = memory.NewWebhookStore(w.keys, w.now)
	w.ws = openWith(t, w.keys, domain.PortalPartner, parts{now: w.now})
	return w
}

func (w *warnedWorld) now() time.Time { return w.at }

// replica returns the use case of a process that has just started.
func (w *warnedWorld) replica() *application.Warnings {
	return w.replicaOn(w.hooks, slog.DiscardHandler)
}

func (w *warnedWorld) replicaOn(store ports.WebhookStore, logs slog.Handler) *application.Warnings {
	return application.NewWarnings(store, w.keys, cryptorand.Reader, slog.New(logs), w.now)
}

// key creates a key that expires at end, or never.
func (w *warnedWorld) key(t *testing.T, end time.Time) domain.KeyID {
	t.Helper()
	created, err := w.ws.CreateKey(t.Context(), domain.KeySpec{Name: "k", Scopes: []string{"payment:read"}, ExpiresAt: end})
	if err != nil {
		t.Fatal(err)
	}
	return created.Key.ID()
}

func (w *warnedWorld) expires(t *testing.T, id domain.KeyID, end time.Time) {
	t.Helper()
	if _, err := w.ws.UpdateKey(t.Context(), id, domain.KeyPatch{ExpiresAt: &end}, nil); err != nil {
		t.Fatal(err)
	}
}

var causedByNobody = []domain.WebhookEventType{domain.WebhookKeyExpiring, domain.WebhookKeyExpired, domain.WebhookKeyLimitReached}

// webhook creates a webhook that subscribes to events.
func (w *warnedWorld) webhook(t *testing.T, in domain.WorkspaceID, events ...domain.WebhookEventType) domain.WebhookID {
	t.Helper()
	id, err := domain.NewWebhookID(cryptorand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	draft := domain.WebhookDraft{Workspace: in, URL: "https://example.com/", Events: events}
	webhook, event := domain.NewWebhook(draft, id, domain.SealedSecret{KeyID: "s1"}, newEventID(t), domain.Author{AccountID: "acc-1"}, w.at)
	if err := w.hooks.CreateWebhook(t.Context(), webhook, event, nil); err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *warnedWorld) change(t *testing.T, id domain.WebhookID, change func(*domain.Webhook) domain.Event) {
	t.Helper()
	err := w.hooks.UpdateWebhook(t.Context(), workspace, id, func(found *domain.Webhook) (domain.Event, error) { return change(found), nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func newEventID(t *testing.T) string {
	t.Helper()
	id, err := domain.NewEventID(time.Now(), cryptorand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// received returns the deliveries since the last call.
func (w *warnedWorld) received(t *testing.T) []ports.DueDelivery {
	t.Helper()
	due, err := w.hooks.Claim(t.Context(), ports.ClaimRequest{Limit: 10_000, PerWebhook: 10_000, Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := make([]ports.Outcome, len(due))
	for i, d := range due {
		outcomes[i] = ports.Outcome{Delivery: d.ID, Webhook: d.Webhook, Claim: d.Claim, Kind: ports.OutcomeDelivered, Status: 200}
	}
	if _, err := w.hooks.Report(t.Context(), outcomes); err != nil {
		t.Fatal(err)
	}
	return due
}

// sweep removes what is old.
func (w *warnedWorld) sweep(t *testing.T) {
	t.Helper()
	if _, err := w.hooks.ForgetDeliveries(t.Context(), 10_000); err != nil {
		t.Fatal(err)
	}
}

// everyHour returns the times from one time before the expiry to another: every hour, and
// a second before.
func everyHour(from, to time.Duration) []time.Duration {
	var times []time.Duration
	for before := from; before >= to; before -= time.Hour {
		times = append(times, before+time.Second, before)
	}
	return times
}

// walk makes the warnings at the given times before end, and returns how long before end
// each delivery was made.
func (w *warnedWorld) walk(t *testing.T, end time.Time, times []time.Duration, warn func(context.Context) error) []time.Duration {
	t.Helper()
	var warned []time.Duration
	for _, before := range times {
		w.at = end.Add(-before)
		if err := warn(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, d := range w.received(t) {
			warned = append(warned, before)
			if want := typeOf(before); d.Type != want {
				t.Errorf("%s before the expiry the event is %s, want %s", before, d.Type, want)
			}
		}
		w.sweep(t)
	}
	return warned
}

func typeOf(before time.Duration) domain.WebhookEventType {
	if before > 0 {
		return domain.WebhookKeyExpiring
	}
	return domain.WebhookKeyExpired
}

// flakyWebhooks is a store whose warnings fail while failing is set.
type flakyWebhooks struct {
	ports.WebhookStore
	failing atomic.Bool
}

func (f *flakyWebhooks) Warn(ctx context.Context, warning domain.Warning, event domain.WebhookEvent) (bool, error) {
	if f.failing.Load() {
		return false, domain.ErrUnavailable
	}
	return f.WebhookStore.Warn(ctx, warning, event)
}

func TestExpiring_WarnsThreeTimesAndReportsTheExpiry(t *testing.T) {
	t.Parallel()
	for name, process := range map[string]func(*warnedWorld) func(context.Context) error{
		"one replica": func(w *warnedWorld) func(context.Context) error {
			return w.replica().Expiring
		},
		"two replicas at the same time": func(w *warnedWorld) func(context.Context) error {
			one, two := w.replica(), w.replica()
			return func(ctx context.Context) error {
				var err error
				var group sync.WaitGroup
				group.Go(func() { err = one.Expiring(ctx) })
				defer group.Wait()
				if err := two.Expiring(ctx); err != nil {
					return err
				}
				group.Wait()
				return err
			}
		},
		"a replica that restarts every time": func(w *warnedWorld) func(context.Context) error {
			return func(ctx context.Context) error { return w.replica().Expiring(ctx) }
		},
		"a store that fails at first": func(w *warnedWorld) func(context.Context) error {
			store := &flakyWebhooks{WebhookStore: w.hooks}
			uc := w.replicaOn(store, slog.DiscardHandler)
			return func(ctx context.Context) error {
				store.failing.Store(true)
				_ = uc.Expiring(ctx) // fails if a warning is due
				store.failing.Store(false)
				return uc.Expiring(ctx)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWarnedWorld(t, now)
			w.key(t, expiry)
			w.webhook(t, workspace, causedByNobody...)
			got := w.walk(t, expiry, everyHour(31*day, -8*day), process(w))
			if diff := cmp.Diff([]time.Duration{30 * day, 7 * day, day, 0}, got); diff != "" {
				t.Errorf("warned before the expiry (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExpiring_WarnsAccordingToTheLifeOfTheKey(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		life time.Duration
		edit func(*testing.T, *warnedWorld, domain.KeyID)
		want []time.Duration
	}{
		"as long as the first notice":     {life: 30 * day, want: []time.Duration{30 * day, 7 * day, day, 0}},
		"shorter than the first notice":   {life: 30*day - time.Second, want: []time.Duration{7 * day, day, 0}},
		"as long as the second notice":    {life: 7 * day, want: []time.Duration{7 * day, day, 0}},
		"shorter than the second notice":  {life: 7*day - time.Second, want: []time.Duration{day, 0}},
		"as long as the last notice":      {life: day, want: []time.Duration{day, 0}},
		"shorter than every notice":       {life: day - time.Second, want: []time.Duration{0}},
		"an hour":                         {life: time.Hour, want: []time.Duration{0}},
		"a disabled key is announced too": {life: 40 * day, edit: disabled, want: []time.Duration{30 * day, 7 * day, day, 0}},
		"a deleted key is not announced":  {life: 40 * day, edit: deleted},
		"a key that no longer expires":    {life: 40 * day, edit: endless},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWarnedWorld(t, expiry.Add(-tc.life))
			w.webhook(t, workspace, causedByNobody...)
			id := w.key(t, expiry)
			if tc.edit != nil {
				tc.edit(t, w, id)
			}
			var times []time.Duration
			for _, before := range everyHour(31*day, -8*day) {
				if before <= tc.life {
					times = append(times, before)
				}
			}
			if diff := cmp.Diff(tc.want, w.walk(t, expiry, times, w.replica().Expiring)); diff != "" {
				t.Errorf("warned before the expiry (-want +got):\n%s", diff)
			}
		})
	}
}

func disabled(t *testing.T, w *warnedWorld, id domain.KeyID) {
	t.Helper()
	if err := w.ws.DisableKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func deleted(t *testing.T, w *warnedWorld, id domain.KeyID) {
	t.Helper()
	if err := w.ws.DeleteKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func endless(t *testing.T, w *warnedWorld, id domain.KeyID) {
	t.Helper()
	w.expires(t, id, time.Time{})
}

func TestExpiring_AfterAnOutageMakesTheNearestWarningOnly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		back time.Duration // before the expiry
		want []time.Duration
	}{
		"back before the second warning":       {7*day + time.Hour, []time.Duration{7*day + time.Hour, 7 * day, day, 0}},
		"back after the second warning":        {5 * day, []time.Duration{5 * day, day, 0}},
		"back after the last warning":          {time.Hour, []time.Duration{time.Hour, 0}},
		"back after the expiry":                {-2 * day, []time.Duration{-2 * day}},
		"back seven days after the expiry":     {-7 * day, []time.Duration{-7 * day}},
		"back more than seven days after that": {-7*day - time.Hour, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWarnedWorld(t, now)
			w.webhook(t, workspace, causedByNobody...)
			w.key(t, expiry)
			times := everyHour(tc.back, -8*day)[1:]
			if diff := cmp.Diff(tc.want, w.walk(t, expiry, times, w.replica().Expiring)); diff != "" {
				t.Errorf("warned before the expiry (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExpiring_BeginsAgainWhenTheExpiryMoves(t *testing.T) {
	t.Parallel()
	w := newWarnedWorld(t, now)
	w.webhook(t, workspace, causedByNobody...)
	id := w.key(t, expiry)
	uc := w.replica()
	step := func(what string, end time.Time, from, to time.Duration, want ...time.Duration) {
		t.Helper()
		if diff := cmp.Diff(want, w.walk(t, end, everyHour(from, to), uc.Expiring)); diff != "" {
			t.Errorf("%s: warned before the expiry (-want +got):\n%s", what, diff)
		}
	}
	step("at first", expiry, 31*day, 6*day, 30*day, 7*day)

	later := expiry.Add(60 * day)
	w.expires(t, id, later)
	step("moved away", later, 66*day, 5*day, 30*day, 7*day)

	sooner := w.at.Add(3 * day)
	w.expires(t, id, sooner)
	step("moved nearer", sooner, 3*day-time.Hour, -time.Hour, 3*day-time.Hour+time.Second, day, 0)

	again := w.at.Add(2 * day)
	w.expires(t, id, again)
	step("moved after it had expired", again, 2*day-time.Hour, -8*day, 2*day-time.Hour+time.Second, day, 0)
}

func TestExpiring_ReachesOnlyWebhooksThatSubscribe(t *testing.T) {
	t.Parallel()
	w := newWarnedWorld(t, now)
	w.key(t, expiry)
	all := w.webhook(t, workspace)
	expiring := w.webhook(t, workspace, domain.WebhookKeyExpiring)
	expired := w.webhook(t, workspace, domain.WebhookKeyCreated, domain.WebhookKeyExpired)
	w.webhook(t, workspace, domain.WebhookKeyCreated)
	w.webhook(t, "ws-2")
	off, gone := w.webhook(t, workspace), w.webhook(t, workspace)
	w.change(t, off, func(h *domain.Webhook) domain.Event {
		return h.Revise(domain.WebhookRevision{Enabled: new(bool)}, newEventID(t), domain.Author{}, w.at)
	})
	w.change(t, gone, func(h *domain.Webhook) domain.Event { return h.Delete(newEventID(t), domain.Author{}, w.at) })

	uc := w.replica()
	got := map[domain.WebhookID]int{}
	for _, before := range everyHour(31*day, -time.Hour) {
		w.at = expiry.Add(-before)
		if err := uc.Expiring(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, d := range w.received(t) {
			got[d.Webhook]++
		}
	}
	if diff := cmp.Diff(map[domain.WebhookID]int{all: 4, expiring: 3, expired: 1}, got); diff != "" {
		t.Errorf("deliveries by webhook (-want +got):\n%s", diff)
	}
}

func TestExpiring_ReachesAWebhookThatIsCreatedLater(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		created time.Duration // before the expiry
		others  bool          // another webhook exists from the start, and receives nothing
		want    []time.Duration
	}{
		"after the first warning":                        {20 * day, false, []time.Duration{20 * day, 7 * day, day, 0}},
		"after the first warning, which nobody received": {20 * day, true, []time.Duration{20 * day, 7 * day, day, 0}},
		"after the expiry":                               {-time.Hour, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWarnedWorld(t, now)
			w.key(t, expiry)
			if tc.others {
				w.webhook(t, workspace, domain.WebhookKeyLeaked)
			}
			uc := w.replica()
			if got := w.walk(t, expiry, everyHour(31*day, tc.created+time.Hour), uc.Expiring); got != nil {
				t.Errorf("warned %s before the expiry", got)
			}
			w.at = expiry.Add(-tc.created)
			w.webhook(t, workspace, causedByNobody...)
			got := w.walk(t, expiry, everyHour(tc.created, -8*day)[1:], uc.Expiring)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("warned before the expiry (-want +got):\n%s", diff)
			}
		})
	}
}

// The use case reads keys in batches of 500.
func TestExpiring_WarnsAboutEveryKey(t *testing.T) {
	t.Parallel()
	w := newWarnedWorld(t, now)
	want := map[domain.KeyID]int{}
	for range 1001 {
		want[w.key(t, expiry)] = 1
	}
	w.webhook(t, workspace, causedByNobody...)
	w.at = expiry.Add(-day)
	if err := w.replica().Expiring(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[domain.KeyID]int{}
	for _, d := range w.received(t) {
		var body struct {
			Data struct {
				KeyID domain.KeyID `json:"apiKeyId"`
			}
		}
		if err := json.Unmarshal(d.Body, &body); err != nil {
			t.Fatal(err)
		}
		got[body.Data.KeyID]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings by key (-want +got):\n%s", diff)
	}
}

// badKeys is a store that fails to warn about certain keys while bad is not nil.
type badKeys struct {
	ports.WebhookStore
	bad map[domain.KeyID]func(context.Context) error
}

func (b *badKeys) Warn(ctx context.Context, warning domain.Warning, event domain.WebhookEvent) (bool, error) {
	if fail := b.bad[warning.KeyID]; fail != nil {
		return false, fail(ctx)
	}
	return b.WebhookStore.Warn(ctx, warning, event)
}

func TestExpiring_GoesOnAfterAKeyThatFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fail  func(context.Context) error
		again time.Duration // after which the failed warnings are tried again
	}{
		"an error": {func(context.Context) error { return domain.ErrUnavailable }, 0},
		"a panic":  {func(context.Context) error { panic("on fire") }, 0},
		"a store that does not answer": {func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWarnedWorld(t, now)
				store := &badKeys{WebhookStore: w.hooks, bad: map[domain.KeyID]func(context.Context) error{}}
				ids := make([]domain.KeyID, 1001) // more than the use case reads at once
				for i := range ids {
					ids[i] = w.key(t, expiry)
				}
				slices.Sort(ids)
				for _, i := range []int{0, 1, 499, 1000} {
					store.bad[ids[i]] = tc.fail
				}
				w.webhook(t, workspace, causedByNobody...)
				w.at = expiry.Add(-day)
				uc := w.replicaOn(store, slog.DiscardHandler)
				want := "4 warnings failed, the first about " + string(ids[0])
				if err := uc.Expiring(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Expiring() = %v, want %q", err, want)
				}
				if got := len(w.received(t)); got != 997 {
					t.Errorf("%d deliveries while four keys fail, want 997", got)
				}
				store.bad = nil
				step := func(at time.Time, want int) {
					t.Helper()
					w.at = at
					if err := uc.Expiring(t.Context()); err != nil {
						t.Error(err)
					}
					if got := len(w.received(t)); got != want {
						t.Errorf("%d deliveries, want %d", got, want)
					}
				}
				if tc.again > 0 {
					step(w.at.Add(tc.again-time.Second), 0)
					tc.again = time.Second
				}
				step(w.at.Add(tc.again), 4)
				step(w.at, 0)
			})
		})
	}
}

func TestWarnings_HaveNoAuthor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWarnedWorld(t, now)
		id := w.key(t, expiry)
		w.webhook(t, workspace)
		uc := w.replica()
		defer running(t, uc)()
		at := func(before time.Duration) string {
			w.at = expiry.Add(-before)
			if err := uc.Expiring(t.Context()); err != nil {
				t.Fatal(err)
			}
			return bodyOf(t, w)
		}
		const form = `{"type":"%s","timestamp":"%s","data":{"workspaceId":"ws-1","apiKeyId":"%s","name":"k","mode":"LIVE","status":"%s","accountId":null,%s}}`
		for _, tc := range []struct{ got, want string }{
			{at(7 * day), fmt.Sprintf(form, "api_key.expiring", "2026-05-13T12:00:00Z", id, "ACTIVE", `"expiresAt":"2026-05-20T12:00:00Z"`)},
			{at(-time.Minute), fmt.Sprintf(form, "api_key.expired", "2026-05-20T12:01:00Z", id, "EXPIRED", `"expiresAt":"2026-05-20T12:00:00Z"`)},
			{refuse(t, w, uc, id, hourly), fmt.Sprintf(form, "api_key.limit_reached", "2026-05-20T12:01:00Z", id, "EXPIRED", `"limit":{"name":"default","limit":9,"windowSeconds":3600}`)},
			{refuse(t, w, uc, id, monthly), fmt.Sprintf(form, "api_key.limit_reached", "2026-05-20T12:01:00Z", id, "EXPIRED", `"limit":{"name":"quota","limit":10,"period":"MONTH"}`)},
		} {
			if tc.got != tc.want {
				t.Errorf("body\n%s, want\n%s", tc.got, tc.want)
			}
		}
	})
}

func bodyOf(t *testing.T, w *warnedWorld) string {
	t.Helper()
	got := w.received(t)
	if len(got) != 1 {
		t.Fatalf("%d deliveries, want 1", len(got))
	}
	return string(got[0].Body)
}

func TestRun_LooksForExpiringKeysEveryMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWarnedWorld(t, expiry.Add(-day))
		w.webhook(t, workspace, causedByNobody...)
		w.at = now
		w.key(t, expiry)
		w.at = expiry.Add(-day)
		store := &flakyWebhooks{WebhookStore: w.hooks}
		store.failing.Store(true)
		var logs bytes.Buffer
		uc := w.replicaOn(store, slog.NewTextHandler(&logs, nil))
		stop := running(t, uc)
		<-time.After(time.Minute + time.Second)
		synctest.Wait()
		if got := w.received(t); len(got) != 0 || !strings.Contains(logs.String(), "cannot warn about keys that expire") {
			t.Errorf("%d deliveries, logged %q", len(got), logs.String())
		}
		store.failing.Store(false)
		<-time.After(time.Minute)
		synctest.Wait()
		if got := w.received(t); len(got) != 1 {
			t.Errorf("%d deliveries after two minutes, want 1", len(got))
		}
		stop()
		synctest.Wait()
		w.at = expiry
		<-time.After(time.Hour)
		if got := w.received(t); len(got) != 0 {
			t.Error("it warns after its end")
		}
	})
}

func TestWarnings_WithoutAStoreTellNothing(t *testing.T) {
	t.Parallel()
	uc := application.NewWarnings(nil, memory.NewKeyRepository(), cryptorand.Reader, slog.New(slog.DiscardHandler), clock)
	l := new(limiter)
	if uc.Watching(l) != application.Limiter(l) {
		t.Error("the limiter is watched")
	}
	if err := uc.Expiring(t.Context()); err != nil {
		t.Error(err)
	}
	uc.Run(t.Context()) // returns
}
