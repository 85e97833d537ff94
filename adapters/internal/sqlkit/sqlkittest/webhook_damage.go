package sqlkittest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
)

// hooks is a workspace with a damaged webhook and an undamaged one.
type hooks struct {
	portstest.WebhookedStore

	workspace      domain.WorkspaceID
	damaged, sound domain.WebhookID
}

var author = domain.Author{AccountID: "acc-1"}

// RunWebhookDamage tests that a webhook whose secrets or events cannot be read affects no
// other, and that its owner can repair it. update is that of [RunDamage].
func RunWebhookDamage(t *testing.T, store portstest.WebhookedStore, update func(t testing.TB, statement string, args ...any)) {
	for i, secrets := range []string{`nonsense`, ``, `null`, `{}`, `[1]`, `[{"key":1}]`} {
		t.Run("secrets "+secrets, func(t *testing.T) {
			h := newHooks(t, store, i)
			update(t, `UPDATE api_key_webhooks SET secrets = ? WHERE id = ?`, secrets, string(h.damaged))
			h.attempt(t, func(s domain.SealedSecret) bool { return s.KeyID != "s1" })
			h.reseal(t)
			h.revise(t)
			kept := `UPDATE api_key_webhooks SET description = description WHERE id = ? AND secrets = ?`
			update(t, kept, string(h.damaged), secrets)
			h.repair(t)
		})
	}
	t.Run("events", func(t *testing.T) {
		h := newHooks(t, store, 100)
		update(t, `UPDATE api_key_webhooks SET events = ? WHERE id = ?`, `[1, "api_key.created"]`, string(h.damaged))
		h.attempt(t, func(s domain.SealedSecret) bool { return s.KeyID == "s1" })
		h.revise(t)
		h.repair(t)
	})
}

func newHooks(t *testing.T, store portstest.WebhookedStore, n int) hooks {
	t.Helper()
	h := hooks{WebhookedStore: store, workspace: domain.WorkspaceID(fmt.Sprint("ws_damaged_", n))}
	for _, id := range []*domain.WebhookID{&h.damaged, &h.sound} {
		*id = must(t)(domain.NewWebhookID(rand.Reader))
		draft := domain.WebhookDraft{Workspace: h.workspace, URL: "https://example.com/"}
		webhook, event := domain.NewWebhook(draft, *id, domain.SealedSecret{KeyID: "s1", Box: []byte("box")}, newEvent(t), author, time.Now())
		if err := store.CreateWebhook(t.Context(), webhook, event, nil); err != nil {
			t.Fatal(err)
		}
		test := domain.TestEvent(h.workspace, *id, newEvent(t), author, time.Now())
		if err := store.TestWebhook(t.Context(), h.workspace, *id, test, nil); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func must(t *testing.T) func(domain.WebhookID, error) domain.WebhookID {
	return func(id domain.WebhookID, err error) domain.WebhookID {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
}

func newEvent(t *testing.T) string {
	t.Helper()
	id, err := domain.NewEventID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// attempt claims the deliveries of both webhooks, and reports that those failed.
func (h hooks) attempt(t *testing.T, want func(domain.SealedSecret) bool) {
	t.Helper()
	due, err := h.Claim(t.Context(), ports.ClaimRequest{Limit: 10, PerWebhook: 1, Lease: time.Minute})
	if err != nil || len(due) != 2 {
		t.Fatalf("claimed %d, %v; want both", len(due), err)
	}
	var outcomes []ports.Outcome
	for _, d := range due {
		if d.Webhook == h.damaged && (len(d.Secrets) != 1 || !want(d.Secrets[0])) {
			t.Errorf("the secrets of the damaged webhook are %v", d.Secrets)
		}
		outcomes = append(outcomes, ports.Outcome{Delivery: d.ID, Webhook: d.Webhook, Claim: d.Claim, URL: d.URL, Kind: ports.OutcomeRetry, Status: 500, RetryAfter: time.Hour, EventID: newEvent(t)})
	}
	if _, err := h.Report(t.Context(), outcomes); err != nil {
		t.Errorf("Report: %v", err)
	}
	list, err := h.Webhooks(t.Context(), h.workspace, domain.Page{})
	if err != nil || list.Total != 2 {
		t.Errorf("Webhooks lists %d, %v", list.Total, err)
	}
}

// reseal seals the secrets of the undamaged webhook under another key.
func (h hooks) reseal(t *testing.T) {
	t.Helper()
	named := false
	uses, err := h.SealingKeys(t.Context())
	for key, use := range uses {
		named = named || key != "s1" && slices.ContainsFunc(use.First, func(w domain.SealedWebhook) bool { return w.ID == h.damaged })
	}
	if err != nil || !named {
		t.Errorf("SealingKeys = %v, %v", uses, err)
	}
	last, err := h.Reseal(t.Context(), "s9", "", 100, func(id domain.WebhookID, secrets []domain.SealedSecret) ([]domain.SealedSecret, error) {
		if id != h.sound {
			return nil, errors.New("cannot be opened")
		}
		return []domain.SealedSecret{{KeyID: "s9", Box: secrets[0].Box}}, nil
	})
	if err != nil || last != "" {
		t.Errorf("Reseal = %q, %v", last, err)
	}
	if w, err := h.Webhook(t.Context(), h.workspace, h.sound); err != nil || w.Secrets[0].KeyID != "s9" {
		t.Errorf("the other webhook is %+v, %v", w, err)
	}
}

// revise changes the undamaged parts.
func (h hooks) revise(t *testing.T) {
	t.Helper()
	h.change(t, func(w *domain.Webhook) domain.Event {
		return w.Revise(domain.WebhookRevision{Description: new("d")}, newEvent(t), author, time.Now())
	})
}

// repair replaces the damaged part, and deletes both webhooks.
func (h hooks) repair(t *testing.T) {
	t.Helper()
	h.change(t, func(w *domain.Webhook) domain.Event {
		w.Revise(domain.WebhookRevision{Events: &[]domain.WebhookEventType{domain.WebhookKeyLeaked}}, newEvent(t), author, time.Now())
		return w.Rotate(domain.SealedSecret{KeyID: "s1", Box: []byte("new")}, newEvent(t), author, time.Now())
	})
	w, err := h.Webhook(t.Context(), h.workspace, h.damaged)
	if err != nil || w.Secrets[0].KeyID != "s1" || w.Description != "d" || !slices.Equal(w.Events, []domain.WebhookEventType{domain.WebhookKeyLeaked}) {
		t.Errorf("the repaired webhook is %+v, %v", w, err)
	}
	for _, h.damaged = range []domain.WebhookID{h.damaged, h.sound} {
		h.change(t, func(w *domain.Webhook) domain.Event { return w.Delete(newEvent(t), author, time.Now()) })
	}
}

func (h hooks) change(t *testing.T, change func(*domain.Webhook) domain.Event) {
	t.Helper()
	err := h.UpdateWebhook(t.Context(), h.workspace, h.damaged, func(w *domain.Webhook) (domain.Event, error) { return change(w), nil }, nil)
	if err != nil {
		t.Fatalf("UpdateWebhook: %v", err)
	}
}
