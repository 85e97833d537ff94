package domain_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

var (
	byOwner = domain.Author{AccountID: "acc-1", Portal: domain.PortalPartner}
	// at is now with the precision of stores.
	at = now.Truncate(time.Microsecond)
)

const webhookID domain.WebhookID = "wh_0123456789abcdefghijkl"

func sealed(keyID string) domain.SealedSecret {
	return domain.SealedSecret{KeyID: keyID, Box: []byte(keyID)}
}

func newWebhook(events ...domain.WebhookEventType) domain.Webhook {
	draft := domain.WebhookDraft{Workspace: "ws-1", URL: "https://example.com/", Events: events, Description: "d"}
	webhook, _ := domain.NewWebhook(draft, webhookID, sealed("first"), "evt_1", byOwner, now)
	return webhook
}

// stored is the event of a change of the webhook.
func stored(id string, kind domain.EventType, by domain.Author, when time.Time, changes ...domain.Change) domain.Event {
	return domain.Event{ID: id, KeyID: domain.KeyID(webhookID), Workspace: "ws-1", Type: kind, At: when, By: by, Changes: changes}
}

func wantSame(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b domain.Author) bool { return a == b })); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestNewWebhook(t *testing.T) {
	t.Parallel()
	draft := domain.WebhookDraft{Workspace: "ws-1", URL: "https://example.com/", Events: []domain.WebhookEventType{domain.WebhookKeyLeaked}, Description: "d"}
	webhook, event := domain.NewWebhook(draft, webhookID, sealed("first"), "evt_1", byOwner, now)
	draft.Events[0] = "changed"
	wantSame(t, "webhook", domain.Webhook{
		ID: webhookID, Workspace: "ws-1", URL: "https://example.com/", Events: []domain.WebhookEventType{domain.WebhookKeyLeaked}, Description: "d",
		Enabled: true, CreatedAt: at, CreatedBy: "acc-1", Secrets: []domain.SealedSecret{sealed("first")},
	}, webhook)
	wantSame(t, "event", stored("evt_1", domain.EventWebhookCreated, byOwner, at,
		domain.Change{Field: "url", New: "https://example.com/"}, domain.Change{Field: "events", New: []string{"api_key.leaked"}}, domain.Change{Field: "description", New: "d"}), event)

	clone := webhook.Clone()
	clone.Events[0], clone.Secrets[0].KeyID = "changed", "changed"
	if webhook.Events[0] != domain.WebhookKeyLeaked || webhook.Secrets[0].KeyID != "first" {
		t.Error("a clone shares its lists")
	}
}

func TestSubscribes(t *testing.T) {
	t.Parallel()
	off := func(w *domain.Webhook) { w.Enabled = false }
	gone := func(w *domain.Webhook) { w.DeletedAt = at }
	for name, tc := range map[string]struct {
		events []domain.WebhookEventType
		edit   func(*domain.Webhook)
		want   []domain.WebhookEventType // of created, leaked and test
	}{
		"no events mean all":          {nil, nil, []domain.WebhookEventType{domain.WebhookKeyCreated, domain.WebhookKeyLeaked, domain.WebhookTest}},
		"one event, and always tests": {[]domain.WebhookEventType{domain.WebhookKeyLeaked}, nil, []domain.WebhookEventType{domain.WebhookKeyLeaked, domain.WebhookTest}},
		"disabled":                    {nil, off, nil},
		"deleted":                     {nil, gone, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWebhook(tc.events...)
			if tc.edit != nil {
				tc.edit(&w)
			}
			for _, kind := range []domain.WebhookEventType{domain.WebhookKeyCreated, domain.WebhookKeyLeaked, domain.WebhookTest} {
				if got, want := w.Subscribes(kind), slices.Contains(tc.want, kind); got != want {
					t.Errorf("%s: %t, want %t", kind, got, want)
				}
			}
		})
	}
}

func TestReviseWebhook(t *testing.T) {
	t.Parallel()
	url, other, off, on := "https://example.com/", "https://example.org/", false, true
	events := []domain.WebhookEventType{domain.WebhookKeyLeaked, domain.WebhookKeyCreated}
	stoppedBy := func(reason domain.DisabledReason) func(*domain.Webhook) {
		return func(w *domain.Webhook) { w.Enabled, w.DisabledReason, w.FailingSince = false, reason, at }
	}
	disabled := domain.Change{Field: "enabled", Old: "true", New: "false"}
	enabled := domain.Change{Field: "enabled", Old: "false", New: "true"}
	for name, tc := range map[string]struct {
		before   func(*domain.Webhook)
		revision domain.WebhookRevision
		after    func(*domain.Webhook)
		changes  []domain.Change // nil: nothing is recorded
	}{
		"nothing":      {},
		"equal values": {revision: domain.WebhookRevision{URL: &url, Events: &[]domain.WebhookEventType{}, Description: new("d"), Enabled: &on}},
		"the URL":      {revision: domain.WebhookRevision{URL: &other}, after: func(w *domain.Webhook) { w.URL = other }, changes: []domain.Change{{Field: "url", Old: url, New: other}}},
		"the events": {
			revision: domain.WebhookRevision{Events: &events}, after: func(w *domain.Webhook) { w.Events = events },
			changes: []domain.Change{{Field: "events", Old: []string{}, New: []string{"api_key.leaked", "api_key.created"}}},
		},
		"the description": {revision: domain.WebhookRevision{Description: new("")}, after: func(w *domain.Webhook) { w.Description = "" }, changes: []domain.Change{{Field: "description", Old: "d", New: ""}}},
		"disabled by its owner": {
			revision: domain.WebhookRevision{Enabled: &off},
			after:    func(w *domain.Webhook) { w.Enabled, w.DisabledReason = false, domain.DisabledByOwner }, changes: []domain.Change{disabled},
		},
		"enabled again":                      {stoppedBy(domain.DisabledByOwner), domain.WebhookRevision{Enabled: &on}, func(*domain.Webhook) {}, []domain.Change{enabled}},
		"enabled after 410":                  {stoppedBy(domain.DisabledGone), domain.WebhookRevision{Enabled: &on}, func(*domain.Webhook) {}, []domain.Change{enabled}},
		"enabled after failures":             {stoppedBy(domain.DisabledFailing), domain.WebhookRevision{Enabled: &on}, func(*domain.Webhook) {}, []domain.Change{enabled}},
		"disabling keeps the earlier reason": {stoppedBy(domain.DisabledGone), domain.WebhookRevision{Enabled: &off}, stoppedBy(domain.DisabledGone), nil},
		"all at once": {
			revision: domain.WebhookRevision{URL: &other, Events: &events, Description: new("e"), Enabled: &off},
			after: func(w *domain.Webhook) {
				w.URL, w.Events, w.Description, w.Enabled, w.DisabledReason = other, events, "e", false, domain.DisabledByOwner
			},
			changes: []domain.Change{
				{Field: "url", Old: url, New: other},
				{Field: "events", Old: []string{}, New: []string{"api_key.leaked", "api_key.created"}},
				{Field: "description", Old: "d", New: "e"},
				disabled,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := newWebhook(), newWebhook()
			if tc.before != nil {
				tc.before(&got)
			}
			if tc.after != nil {
				tc.after(&want)
			}
			var wanted domain.Event
			if tc.changes != nil {
				wanted = stored("evt_2", domain.EventWebhookUpdated, byOwner, at, tc.changes...)
			}
			wantSame(t, "event", wanted, got.Revise(tc.revision, "evt_2", byOwner, now))
			wantSame(t, "webhook", want, got)
		})
	}
}

func TestRotateWebhook_TwoSecretsSignForADay(t *testing.T) {
	t.Parallel()
	w := newWebhook()
	signing := func(after time.Duration) []string {
		ids := []string{}
		for _, s := range w.SigningSecrets(now.Add(after)) {
			ids = append(ids, s.KeyID)
		}
		return ids
	}
	wantSame(t, "at first", []string{"first"}, signing(1000*time.Hour))

	wantSame(t, "event", stored("evt_2", domain.EventWebhookRotated, byOwner, at), w.Rotate(sealed("second"), "evt_2", byOwner, now))
	for after, want := range map[time.Duration][]string{
		0:                                 {"second", "first"},
		24*time.Hour - 2*time.Microsecond: {"second", "first"},
		24 * time.Hour:                    {"second"},
		1000 * time.Hour:                  {"second"},
	} {
		wantSame(t, fmt.Sprint(after, " after a rotation"), want, signing(after))
	}
	if len(w.Secrets) != 2 {
		t.Error("asking for the secrets that sign changes the webhook")
	}

	w.Rotate(sealed("third"), "evt_3", byOwner, now.Add(time.Hour))
	wantSame(t, "after a second rotation within a day", []string{"third", "second"}, signing(time.Hour))
	wantSame(t, "a day after the first", []string{"third", "second"}, signing(24*time.Hour))
	wantSame(t, "a day after the second", []string{"third"}, signing(25*time.Hour))
	if len(w.Secrets) != 2 {
		t.Errorf("%d secrets are kept", len(w.Secrets))
	}

	event := w.Delete("evt_4", byOwner, now)
	wantSame(t, "event", stored("evt_4", domain.EventWebhookDeleted, byOwner, at), event)
	if len(w.Secrets) != 0 || !w.DeletedAt.Equal(at) || w.Subscribes(domain.WebhookKeyCreated) {
		t.Errorf("deleted: %+v", w)
	}
	w.Rotate(sealed("fourth"), "evt_5", byOwner, now) // must not panic
}

func TestAttempted_StopsAfterFiveDaysWithoutASuccess(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	type attempt struct {
		after           time.Duration
		delivered, gone bool
	}
	failed := func(after time.Duration) attempt { return attempt{after: after} }
	owner := func(w *domain.Webhook) { w.Enabled, w.DisabledReason = false, domain.DisabledByOwner }
	for name, tc := range map[string]struct {
		edit     func(*domain.Webhook)
		attempts []attempt
		want     domain.DisabledReason // after the last attempt; enabled before
		failing  time.Duration         // since when; negative: not
	}{
		"a success":                                  {nil, []attempt{{0, true, false}}, "", -1},
		"a failure":                                  {nil, []attempt{failed(time.Hour)}, "", time.Hour},
		"failures for less than five days":           {nil, []attempt{failed(0), failed(time.Hour), failed(5*days - time.Second)}, "", 0},
		"failures for five days":                     {nil, []attempt{failed(0), failed(time.Hour), failed(5*days + time.Microsecond)}, domain.DisabledFailing, 0},
		"one failure after long silence":             {nil, []attempt{failed(30 * days)}, "", 30 * days},
		"a success begins anew":                      {nil, []attempt{failed(0), {3 * days, true, false}, failed(4 * days), failed(8 * days)}, "", 4 * days},
		"410 at once":                                {nil, []attempt{{0, false, true}}, domain.DisabledGone, 0},
		"410 after five days":                        {nil, []attempt{failed(0), {6 * days, false, true}}, domain.DisabledGone, 0},
		"an attempt that ends after it was disabled": {owner, []attempt{{0, false, true}, failed(6 * days)}, domain.DisabledByOwner, 0},
		"an attempt that ends after it was deleted":  {func(w *domain.Webhook) { w.DeletedAt = at }, []attempt{{0, false, true}, failed(6 * days)}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWebhook()
			if tc.edit != nil {
				tc.edit(&w)
			}
			wasEnabled := w.Enabled
			for i, a := range tc.attempts {
				when := now.Add(a.after)
				event := w.Attempted(a.delivered, a.gone, "evt_2", when)
				var want domain.Event
				if i == len(tc.attempts)-1 && wasEnabled && tc.want != "" {
					want = stored("evt_2", domain.EventWebhookStopped, domain.Author{Portal: domain.PortalSystem}, when.Truncate(time.Microsecond), domain.Change{Field: "disabledReason", New: string(tc.want)})
				}
				wantSame(t, fmt.Sprint("event of attempt ", i), want, event)
			}
			if w.DisabledReason != tc.want || w.Enabled != (tc.want == "") {
				t.Errorf("enabled: %t, reason %q, want %q", w.Enabled, w.DisabledReason, tc.want)
			}
			var since time.Time
			if tc.failing >= 0 {
				since = at.Add(tc.failing)
			}
			if !w.FailingSince.Equal(since) {
				t.Errorf("failing since %s, want %s", w.FailingSince, since)
			}
		})
	}
}

func TestAttempted_BeginsAnewWithAnotherURL(t *testing.T) {
	t.Parallel()
	w, url, same := newWebhook(), "https://example.org/", "https://example.org/"
	later := func(d time.Duration) time.Time { return now.Add(domain.WebhookPatience + d) }
	w.Attempted(false, false, "evt_2", now)
	w.Revise(domain.WebhookRevision{URL: &url}, "evt_3", byOwner, later(-time.Hour))
	if event := w.Attempted(false, false, "evt_4", later(time.Second)); event.ID != "" || !w.Enabled {
		t.Error("the first failure of another URL disables the webhook")
	}
	w.Revise(domain.WebhookRevision{URL: &same, Description: new("e")}, "evt_5", byOwner, later(time.Hour))
	if event := w.Attempted(false, false, "evt_6", later(domain.WebhookPatience+time.Minute)); event.ID == "" || w.Enabled {
		t.Error("setting the same URL makes the failures before it forgotten")
	}
}

func TestAttempted_BeginsAnewWhenTheWebhookIsEnabled(t *testing.T) {
	t.Parallel()
	w, on := newWebhook(), true
	w.Attempted(false, false, "evt_2", now)
	w.Attempted(false, false, "evt_3", now.Add(domain.WebhookPatience+time.Second))
	w.Revise(domain.WebhookRevision{Enabled: &on}, "evt_4", byOwner, now.Add(domain.WebhookPatience+time.Minute))
	if event := w.Attempted(false, false, "evt_5", now.Add(domain.WebhookPatience+time.Hour)); event.ID != "" || !w.Enabled {
		t.Error("the first failure after enabling a webhook disables it")
	}
}

func TestWebhookIDs(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^wh_[0-9A-Za-z]{22}$`)
	random := rand.NewChaCha8([32]byte{1})
	seen := map[domain.WebhookID]bool{}
	for range 100 {
		id, err := domain.NewWebhookID(random)
		parsed, ok := domain.ParseWebhookID(string(id))
		if err != nil || !ok || parsed != id || !shape.MatchString(string(id)) || seen[id] {
			t.Errorf("%q, %v, parsed as %q, %t", id, err, parsed, ok)
		}
		seen[id] = true
		eventID, err := domain.NewEventID(now, random)
		if err != nil {
			t.Fatal(err)
		}
		delivery := domain.NewDeliveryID(eventID, id)
		if want := "dlv_" + eventID[4:] + string(id)[3:]; string(delivery) != want {
			t.Errorf("the ID of the delivery is %q, want %q", delivery, want)
		}
		if parsed, ok := domain.ParseDeliveryID(string(delivery)); !ok || parsed != delivery {
			t.Errorf("%q is parsed as %q, %t", delivery, parsed, ok)
		}
	}
	digits := strings.Repeat("a", 22)
	for _, s := range []string{"", "wh_", "wh_" + digits[1:], "wh_" + digits + "a", "wh-" + digits, "WH_" + digits, digits, "wh_" + digits[1:] + "-", "wh_" + digits[2:] + "é"} {
		if _, ok := domain.ParseWebhookID(s); ok {
			t.Errorf("%q is the ID of a webhook", s)
		}
	}
	for _, s := range []string{"", "dlv_", "dlv_" + digits, "dlv_" + strings.Repeat("a", 65), "wh_" + digits + digits, digits + digits, "dlv_" + digits + digits + "/"} {
		if _, ok := domain.ParseDeliveryID(s); ok {
			t.Errorf("%q is the ID of a delivery", s)
		}
	}
	if _, err := domain.NewWebhookID(iotest.ErrReader(iotest.ErrTimeout)); err == nil {
		t.Error("an ID is made without randomness")
	}
}

func TestParseDeliveryStatus(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"PENDING", "DELIVERED", "FAILED", "DROPPED"} {
		got, faults := domain.ParseDeliveryStatus(s)
		if string(got) != s {
			t.Errorf("%q is parsed as %q", s, got)
		}
		wantFaults(t, faults, nil)
	}
	for _, s := range []string{"", "pending", "ENDED", "PENDING "} {
		_, faults := domain.ParseDeliveryStatus(s)
		wantFaults(t, faults, rejected(domain.ReasonRange, domain.RuleDeliveryStatusRange))
	}
}

func TestWebhookSecret_IsPrintedByRevealOnly(t *testing.T) {
	t.Parallel()
	secret, err := domain.NewWebhookSecret(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	key := secret.Key()
	if want := "whsec_" + base64.StdEncoding.EncodeToString(key); len(key) != 32 || secret.Reveal() != want || secret.IsZero() {
		t.Errorf("a key of %d bytes is revealed as %q", len(key), secret.Reveal())
	}
	again := domain.WebhookSecretOf(key)
	key[0]++
	if again.Reveal() != secret.Reveal() || secret.Key()[0] == key[0] {
		t.Error("a caller can change the key")
	}
	key[0]--
	for name, v := range map[string]any{
		"itself": secret, "a pointer": &secret, "a struct": struct{ S domain.WebhookSecret }{secret}, "an unexported field": struct{ s domain.WebhookSecret }{secret},
	} {
		for way, out := range printings(v) {
			if leaks(out, string(key)) || leaks(out, secret.Reveal()[6:]) {
				t.Errorf("%s, %s: shows the secret: %s", name, way, out)
			}
		}
	}
	if !(domain.WebhookSecret{}).IsZero() {
		t.Error("the zero secret is not zero")
	}
	if _, err := domain.NewWebhookSecret(iotest.TimeoutReader(strings.NewReader("short"))); err == nil {
		t.Error("a secret is made without randomness")
	}
}
