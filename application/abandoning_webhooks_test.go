package application_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// stuckWebhooks is a store of webhooks that ignores every context: its calls wait until
// it is closed.
type stuckWebhooks chan struct{}

func (s stuckWebhooks) CreateWebhook(context.Context, domain.Webhook, domain.Event, *ports.Idempotency) error {
	<-s
	return nil
}

func (s stuckWebhooks) UpdateWebhook(_ context.Context, _ domain.WorkspaceID, _ domain.WebhookID, change func(*domain.Webhook) (domain.Event, error), _ *ports.Idempotency) error {
	<-s
	_, err := change(nil)
	return err
}

func (s stuckWebhooks) Webhook(context.Context, domain.WorkspaceID, domain.WebhookID) (*domain.Webhook, error) {
	<-s
	return nil, domain.ErrWebhookNotFound
}

func (s stuckWebhooks) Webhooks(context.Context, domain.WorkspaceID, domain.Page) (ports.WebhookPage, error) {
	<-s
	return ports.WebhookPage{}, nil
}

func (s stuckWebhooks) WebhookEvents(context.Context, domain.WorkspaceID, domain.WebhookID, domain.Page) (ports.EventPage, error) {
	<-s
	return ports.EventPage{}, nil
}

func (s stuckWebhooks) Deliveries(context.Context, domain.WorkspaceID, domain.WebhookID, domain.DeliveryStatus, domain.Page) (ports.DeliveryPage, error) {
	<-s
	return ports.DeliveryPage{}, nil
}

func (s stuckWebhooks) TestWebhook(context.Context, domain.WorkspaceID, domain.WebhookID, domain.WebhookEvent, *ports.Idempotency) error {
	<-s
	return nil
}

func (s stuckWebhooks) RetryDelivery(context.Context, domain.WorkspaceID, domain.WebhookID, domain.DeliveryID, *ports.Idempotency) error {
	<-s
	return nil
}

func (s stuckWebhooks) Claim(context.Context, ports.ClaimRequest) ([]ports.DueDelivery, error) {
	<-s
	return nil, nil
}

func (s stuckWebhooks) Report(context.Context, []ports.Outcome) ([]ports.StoppedWebhook, error) {
	<-s
	return nil, nil
}

func (s stuckWebhooks) Queue(context.Context) (ports.QueueState, error) {
	<-s
	return ports.QueueState{}, nil
}

func (s stuckWebhooks) SealingKeys(context.Context) (map[string]domain.SealingUse, error) {
	<-s
	return map[string]domain.SealingUse{}, nil
}

func (s stuckWebhooks) Reseal(_ context.Context, _ string, after domain.WebhookID, _ int, reseal func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error)) (domain.WebhookID, error) {
	<-s
	_, err := reseal(after, nil)
	return "", err
}

func (s stuckWebhooks) ForgetDeliveries(context.Context, int) (int, error) {
	<-s
	return 0, nil
}

func (s stuckWebhooks) ExpiringKeys(context.Context, time.Time, domain.KeyID, int) ([]*domain.APIKey, error) {
	<-s
	return nil, nil
}

func (s stuckWebhooks) Warn(context.Context, domain.Warning, domain.WebhookEvent) (bool, error) {
	<-s
	return false, nil
}

// webhookCalls are all methods of a store of webhooks. Its functions note in called that
// they were called.
func webhookCalls(called *bool) map[string]func(ctx context.Context, webhooks ports.WebhookStore) error {
	return map[string]func(ctx context.Context, webhooks ports.WebhookStore) error{
		"CreateWebhook": func(ctx context.Context, webhooks ports.WebhookStore) error {
			return webhooks.CreateWebhook(ctx, domain.Webhook{}, domain.Event{}, nil)
		},
		"UpdateWebhook": func(ctx context.Context, webhooks ports.WebhookStore) error {
			return webhooks.UpdateWebhook(ctx, "ws_1", "wh_1", func(*domain.Webhook) (domain.Event, error) {
				*called = true
				return domain.Event{}, nil
			}, nil)
		},
		"Webhook": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.Webhook(ctx, "ws_1", "wh_1")
			return err
		},
		"Webhooks": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.Webhooks(ctx, "ws_1", domain.Page{})
			return err
		},
		"WebhookEvents": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.WebhookEvents(ctx, "ws_1", "wh_1", domain.Page{})
			return err
		},
		"Deliveries": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.Deliveries(ctx, "ws_1", "wh_1", "", domain.Page{})
			return err
		},
		"TestWebhook": func(ctx context.Context, webhooks ports.WebhookStore) error {
			return webhooks.TestWebhook(ctx, "ws_1", "wh_1", domain.WebhookEvent{}, nil)
		},
		"RetryDelivery": func(ctx context.Context, webhooks ports.WebhookStore) error {
			return webhooks.RetryDelivery(ctx, "ws_1", "wh_1", "dlv_1", nil)
		},
		"Claim": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.Claim(ctx, ports.ClaimRequest{})
			return err
		},
		"Report": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.Report(ctx, nil)
			return err
		},
		"Queue": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.Queue(ctx)
			return err
		},
		"SealingKeys": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.SealingKeys(ctx)
			return err
		},
		"Reseal": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.Reseal(ctx, "s1", "", 1, func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error) {
				*called = true
				return nil, nil
			})
			return err
		},
		"ForgetDeliveries": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.ForgetDeliveries(ctx, 1)
			return err
		},
		"ExpiringKeys": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.ExpiringKeys(ctx, time.Time{}, "", 1)
			return err
		},
		"Warn": func(ctx context.Context, webhooks ports.WebhookStore) error {
			_, err := webhooks.Warn(ctx, domain.Warning{}, domain.WebhookEvent{})
			return err
		},
	}
}

func TestAbandoningWebhooks_EndsEveryCallThoughTheStoreHangs(t *testing.T) {
	t.Parallel()
	for name, call := range webhookCalls(new(bool)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := make(stuckWebhooks)
				defer close(store)
				begun := time.Now() // of the bubble
				err := call(t.Context(), application.AbandoningWebhooks(store))
				if !errors.Is(err, domain.ErrUnavailable) || time.Since(begun) > 10*time.Second+100*time.Millisecond {
					t.Errorf("after %v: %v, want ErrUnavailable after 10 s", time.Since(begun), err)
				}
			})
		})
	}
}

func TestAbandoningWebhooks_CallsNothingBackOnceItHasReturned(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UpdateWebhook", "Reseal"} {
		synctest.Test(t, func(t *testing.T) {
			store := make(stuckWebhooks)
			called := false // without a lock, as a use case has it
			if err := webhookCalls(&called)[name](t.Context(), application.AbandoningWebhooks(store)); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("%s = %v, want ErrUnavailable", name, err)
			}
			close(store)
			synctest.Wait()
			if called {
				t.Errorf("%s has called its function after it returned", name)
			}
			if err := webhookCalls(&called)[name](t.Context(), application.AbandoningWebhooks(store)); err != nil || !called {
				t.Errorf("%s of a store that responds = %v, and called its function: %v", name, err, called)
			}
		})
	}
}

// claimless is a store of webhooks whose lists respond.
type claimless struct{ stuckWebhooks }

func (claimless) Webhooks(context.Context, domain.WorkspaceID, domain.Page) (ports.WebhookPage, error) {
	return ports.WebhookPage{}, nil
}

func TestAbandoningWebhooks_KeepsPlacesForRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := make(stuckWebhooks)
		defer close(store)
		webhooks := application.AbandoningWebhooks(claimless{store})
		calls := webhookCalls(new(bool))
		for range 200 {
			go func() { _ = calls["Claim"](t.Context(), webhooks) }()
		}
		synctest.Wait() // all places of claims are taken
		if err := calls["Webhooks"](t.Context(), webhooks); err != nil {
			t.Errorf("Webhooks = %v while claims hang", err)
		}
	})
}

func TestAbandoningWebhooks_ContainsPanics(t *testing.T) {
	t.Parallel()
	store := reflect.TypeFor[ports.WebhookStore]()
	calls := webhookCalls(new(bool))
	for i := range store.NumMethod() {
		name := store.Method(i).Name
		call, tested := calls[name]
		if !tested {
			t.Errorf("nobody knows what %s of a store that hangs does", name)
			continue
		}
		err := call(t.Context(), application.AbandoningWebhooks(struct{ ports.WebhookStore }{}))
		if !errors.Is(err, domain.ErrPanicked) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of a store that panics gives %v, want ErrPanicked and the stack", name, err)
		}
	}
	if application.AbandoningWebhooks(nil) != nil {
		t.Error("no store became one")
	}
}
