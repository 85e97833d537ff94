package apikeys_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// hangingStore is a store whose background calls, reads of permission checks and
// creates ignore their context and block until gate is closed.
type hangingStore struct {
	*memory.KeyRepository

	gate chan struct{}
}

func (s hangingStore) Find(context.Context, domain.KeyID) (*domain.APIKey, error) {
	<-s.gate
	return nil, domain.ErrKeyNotFound
}

func (s hangingStore) RecordUse(context.Context, ports.UsageBatch) error {
	<-s.gate
	return nil
}

func (s hangingStore) Create(context.Context, *domain.APIKey, domain.Event, ports.CreateOptions) error {
	<-s.gate
	return nil
}

func (s hangingStore) Follow() ports.ChangeFeed { return hangingFeed(s) }

type hangingFeed struct {
	*memory.KeyRepository

	gate chan struct{}
}

func (f hangingFeed) Poll(context.Context) (ports.Changes, error) {
	<-f.gate
	return ports.Changes{}, nil
}

func (hangingFeed) Wake() <-chan struct{} { return nil }
func (hangingFeed) Close() error          { return nil }

// hangingWebhooks is a store of webhooks whose lists and claims block until gate is closed,
// and whose other methods panic.
type hangingWebhooks struct {
	ports.WebhookStore

	gate chan struct{}
}

func (w hangingWebhooks) Webhooks(context.Context, domain.WorkspaceID, domain.Page) (ports.WebhookPage, error) {
	<-w.gate
	return ports.WebhookPage{}, nil
}

func (w hangingWebhooks) Claim(context.Context, ports.ClaimRequest) ([]ports.DueDelivery, error) {
	<-w.gate
	return nil, nil
}

func TestService_EndsChecksAndStopsThoughItsStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := hangingStore{memory.NewKeyRepository(), make(chan struct{})}
		cfg := config.Default()
		cfg.Peppers = "p1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
		cfg.SealingKeys = cfg.Peppers
		service, err := apikeys.New(t.Context(), cfg,
			apikeys.WithStore(apikeys.Store{Keys: store, Changes: store, Usage: store, Webhooks: hangingWebhooks{gate: store.gate}}),
			apikeys.WithAuthenticator(everyone{}), apikeys.WithLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			close(store.gate)
			synctest.Wait()
		}()
		within := func(what string, limit time.Duration, call func()) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				call()
			}()
			select {
			case <-done:
			case <-time.After(limit):
				t.Errorf("%s takes longer than %v", what, limit)
			}
		}
		secret, err := domain.NewSecret(zeros{}, domain.ModeLive)
		if err != nil {
			t.Fatal(err)
		}
		within("a check", 2*time.Second+1, func() {
			if _, err := service.Authorize(t.Context(), apikeys.Check{Secret: secret}); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("Authorize() = %v, want ErrUnavailable", err)
			}
		})
		within("a create", 11*time.Second, func() {
			ws := service.OperatorWorkspace("tester", "ws_1", domain.Origin{})
			if _, err := ws.CreateKey(t.Context(), apikeys.KeySpec{Name: "k"}); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("CreateKey() = %v, want ErrUnavailable", err)
			}
		})
		within("a list of webhooks", 11*time.Second, func() {
			ws := service.OperatorWorkspace("tester", "ws_1", domain.Origin{})
			if _, err := ws.ListWebhooks(t.Context(), domain.Page{}); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("ListWebhooks() = %v, want ErrUnavailable", err)
			}
		})
		within("Close", 10*time.Second, func() { _ = service.Close() })
	})
}

// hangingLimits is a store of limits whose reads block until gate is closed.
type hangingLimits struct {
	ports.LimitStore

	gate chan struct{}
}

func (l hangingLimits) Peek(context.Context, ports.LeaseRequest) (ports.Lease, error) {
	<-l.gate
	return ports.Lease{}, nil
}

func TestKeyLimits_EndsThoughItsStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := hangingLimits{memory.NewLimitStore(time.Now), make(chan struct{})}
		cfg := config.Default()
		cfg.Peppers = "p1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
		service, err := apikeys.New(t.Context(), cfg, apikeys.WithManagementOnly(),
			apikeys.WithStore(apikeys.Store{Keys: memory.NewKeyRepository(), Limits: store}), apikeys.WithLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			close(store.gate)
			_ = service.Close()
		}()
		ws := service.OperatorWorkspace("tester", "ws_1", domain.Origin{})
		created, err := ws.CreateKey(t.Context(), apikeys.KeySpec{Name: "k", Quota: apikeys.QuotaSpec{Limit: 5, Period: "TOTAL"}})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := ws.KeyLimits(t.Context(), created.Key.ID())
			ended <- err
		}()
		select {
		case err := <-ended:
			if !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("KeyLimits() = %v, want ErrUnavailable", err)
			}
		case <-time.After(time.Second):
			t.Error("KeyLimits takes longer than a second")
		}
	})
}

// zeros is an io.Reader of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// everyone accepts every token.
type everyone struct{}

func (everyone) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{AccountID: "acc-1"}, nil
}
