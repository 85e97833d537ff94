package webhooks

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/adapters/sealing"
	"github.com/slaunchx/apikeys/domain"
)

func TestUpkeep_SealsWithTheCurrentKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble()
		var webhooks []*domain.Webhook
		for range resealBatch + 3 {
			w, _ := b.webhook(t, "http://receiver", ring(t, "old"))
			webhooks = append(webhooks, w)
		}
		lost, _ := b.webhook(t, "http://receiver", ring(t, "lost"))
		keys := ring(t, "new", "old")
		s, _ := b.send(t, b, keys)
		stop := b.keepUp(t, s)
		pass(2 * upkeepInterval)
		stop()
		if got := fmt.Sprint(s.Stats().SealingKeys); got != fmt.Sprintf("map[lost:1 new:%d old:0]", len(webhooks)) {
			t.Errorf("the keys of the secrets are %s", got)
		}
		for _, w := range webhooks {
			got, err := b.Webhook(t.Context(), w.Workspace, w.ID)
			if err != nil || got.Secrets[0].KeyID != "new" {
				t.Fatalf("got %+v, %v", got, err)
			}
		}
		if !strings.Contains(b.logged(), "sealingKey=lost") || strings.Contains(b.logged(), string(webhooks[0].ID)) {
			t.Errorf("the log is\n%s", b.logged())
		}
		if got, err := b.Webhook(t.Context(), lost.Workspace, lost.ID); err != nil || got.Secrets[0].KeyID != "lost" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// keepUp runs the upkeep of a sender until stop is called.
func (b *bubble) keepUp(t *testing.T, s *Sender) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Upkeep(ctx)
	}()
	return func() { cancel(); <-done }
}

// rotate gives a webhook a secret that is sealed with a key of keys.
func (b *bubble) rotate(t *testing.T, w *domain.Webhook, keys sealing.Ring) {
	t.Helper()
	secret, err := domain.NewWebhookSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealing.NewSealer(keys).Seal(w.ID, secret)
	if err != nil {
		t.Fatal(err)
	}
	err = b.UpdateWebhook(t.Context(), w.Workspace, w.ID, func(found *domain.Webhook) (domain.Event, error) {
		return found.Rotate(sealed, eventID(t), domain.Author{AccountID: "acc_1"}, time.Now()), nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// After a sealing key is lost, the owner rotates the secret, which must end every
// complaint about the key.
func TestUpkeep_RecoversFromALostKeyByRotations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble()
		w, _ := b.webhook(t, "http://receiver", ring(t, "lost"))
		b.rotate(t, w, ring(t, "old"))
		s, _ := b.send(t, b, ring(t, "new", "old"))
		defer b.keepUp(t, s)()
		keys := func() (ids []string) {
			t.Helper()
			got, err := b.Webhook(t.Context(), w.Workspace, w.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range got.Secrets {
				ids = append(ids, secret.KeyID)
			}
			return ids
		}
		pass(time.Minute)
		if got := keys(); !slices.Equal(got, []string{"new", "lost"}) {
			t.Errorf("while the previous secret signs, the keys are %v", got)
		}
		if got := s.Stats().SealingKeys["lost"]; got != 1 {
			t.Errorf("%d webhooks depend on the lost key, want 1", got)
		}
		pass(25 * time.Hour)
		if got := s.Stats().SealingKeys["lost"]; got != 0 {
			t.Errorf("%d webhooks depend on the lost key after a day", got)
		}
		if got := strings.Count(b.logged(), "sealingKey=lost"); got != 1 {
			t.Errorf("logged %d times", got)
		}
	})
}
