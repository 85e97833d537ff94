package application_test

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// slow is a writer whose changes block until the test releases them.
type slow struct {
	ports.KeyWriter
	started, release chan struct{}
}

func (s slow) Create(context.Context, *domain.APIKey, domain.Event, ports.CreateOptions) error {
	s.started <- struct{}{}
	<-s.release
	return nil
}

func TestExclusive_RejectsADuplicateOfARequestInFlight(t *testing.T) {
	t.Parallel()
	writer := slow{started: make(chan struct{}), release: make(chan struct{})}
	keys := new(application.Exclusive).Keys(writer)
	key := newKey(t, "ws-1")
	write := func(workspace domain.WorkspaceID, idempotency *ports.Idempotency) error {
		return keys.Create(t.Context(), newKey(t, workspace), domain.Event{}, ports.CreateOptions{Idempotency: idempotency})
	}
	taken := &ports.Idempotency{Key: "order-7"}
	done := make(chan error, 4)
	go func() {
		done <- keys.Create(context.Background(), key, domain.Event{}, ports.CreateOptions{Idempotency: taken})
	}()
	<-writer.started
	if err := write("ws-1", taken); !errors.Is(err, domain.ErrIdempotencyKeyInUse) {
		t.Errorf("a duplicate returns %v", err)
	}
	err := keys.Update(t.Context(), "ws-1", key.ID(), nil, ports.UpdateOptions{Idempotency: taken})
	if !errors.Is(err, domain.ErrIdempotencyKeyInUse) {
		t.Errorf("another change with the idempotency key returns %v", err)
	}
	for _, free := range []func() error{
		func() error { return write("ws-1", nil) },
		func() error { return write("ws-1", &ports.Idempotency{Key: "order-8"}) },
		func() error { return write("ws-2", taken) },
	} {
		go func() { done <- free() }()
		<-writer.started
	}
	close(writer.release)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	go func() { done <- write("ws-1", taken) }()
	<-writer.started
	if err := <-done; err != nil {
		t.Errorf("the idempotency key is still in use after the request has ended: %v", err)
	}
}

// newKey returns a key in workspace.
func newKey(t *testing.T, workspace domain.WorkspaceID) *domain.APIKey {
	t.Helper()
	secret, err := domain.NewSecret(random(), domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	return domain.Rehydrate(domain.Snapshot{ID: secret.KeyID(), Workspace: workspace})
}

// slowWebhooks is a store whose changes block until the test releases them.
type slowWebhooks struct {
	ports.WebhookStore
	started, release chan struct{}
}

func (s slowWebhooks) CreateWebhook(context.Context, domain.Webhook, domain.Event, *ports.Idempotency) error {
	s.started <- struct{}{}
	<-s.release
	return nil
}

func TestExclusive_RejectsADuplicateOfARequestAboutWebhooks(t *testing.T) {
	t.Parallel()
	store := slowWebhooks{started: make(chan struct{}), release: make(chan struct{})}
	var exclusive application.Exclusive
	if exclusive.Webhooks(nil) != nil {
		t.Error("no store becomes one")
	}
	webhooks, keys := exclusive.Webhooks(store), exclusive.Keys(nil)
	taken, done := &ports.Idempotency{Key: "order-7"}, make(chan error)
	create := func(ctx context.Context) error {
		return webhooks.CreateWebhook(ctx, domain.Webhook{Workspace: "ws-1"}, domain.Event{}, taken)
	}
	go func() { done <- create(context.Background()) }()
	<-store.started
	for name, again := range map[string]func(context.Context) error{
		"the same": create,
		"an update": func(ctx context.Context) error {
			return webhooks.UpdateWebhook(ctx, "ws-1", "wh_1", nil, taken)
		},
		"a test": func(ctx context.Context) error {
			return webhooks.TestWebhook(ctx, "ws-1", "wh_1", domain.WebhookEvent{}, taken)
		},
		"a retry": func(ctx context.Context) error {
			return webhooks.RetryDelivery(ctx, "ws-1", "wh_1", "dlv_1", taken)
		},
		"a change of a key": func(ctx context.Context) error {
			return keys.Update(ctx, "ws-1", "sk_1", nil, ports.UpdateOptions{Idempotency: taken})
		},
	} {
		if err := again(t.Context()); !errors.Is(err, domain.ErrIdempotencyKeyInUse) {
			t.Errorf("%s returns %v", name, err)
		}
	}
	close(store.release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
