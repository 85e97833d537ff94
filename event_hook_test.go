package apikeys_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

func TestWithEventHook_IsCalledOnceChecksSeeTheChange(t *testing.T) {
	t.Parallel()
	type told struct {
		event   apikeys.Event
		verdict domain.Verdict
	}
	calls := make(chan told, 10)
	var service *apikeys.Service
	var secret domain.Secret
	ready := make(chan struct{}) // secret and service are set
	service, err := newService(t.Context(), apikeys.WithEventHook(func(ctx context.Context, event apikeys.Event) {
		<-ready
		decision, err := service.Authorize(ctx, apikeys.Check{Secret: secret, Scopes: []domain.Scope{"payment:read"}})
		if _, bounded := ctx.Deadline(); !bounded || err != nil {
			t.Errorf("in the hook: %v, with a deadline: %v", err, bounded)
		}
		calls <- told{event, decision.Verdict}
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	ws := service.OperatorWorkspace("tester", "ws_1", domain.Origin{RequestID: "req-1"})
	created, err := ws.CreateKey(t.Context(), apikeys.KeySpec{Name: "k", Scopes: []string{"payment:read"}})
	if err != nil {
		t.Fatal(err)
	}
	secret = created.Secret
	close(ready)
	<-calls
	if err := ws.DisableKey(t.Context(), created.Key.ID()); err != nil {
		t.Fatal(err)
	}
	got := <-calls
	if got.verdict != domain.VerdictDisabled || got.event.Type != domain.EventDisabled || got.event.KeyID != created.Key.ID() ||
		got.event.Workspace != "ws_1" || got.event.By.AccountID != "operator:tester" || got.event.By.Origin.RequestID != "req-1" {
		t.Errorf("%+v", got)
	}
}

// The order is that of the audit trail, also with a store that has transactions.
func TestWithEventHook_KeepsTheOrderOfTheTrail(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	service, err := newServiceOn(t.Context(), config.Secret("sqlite://"+filepath.Join(t.TempDir(), "keys.db")), apikeys.WithEventHook(func(_ context.Context, event apikeys.Event) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, event.ID)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	ws := service.OperatorWorkspace("tester", "ws_1", domain.Origin{})
	created, err := ws.CreateKey(t.Context(), apikeys.KeySpec{Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	id := created.Key.ID()
	var changes sync.WaitGroup
	for range 4 {
		changes.Go(func() {
			for range 10 {
				if _, err := ws.RotateKey(t.Context(), id, time.Minute); err != nil {
					t.Error(err)
				}
			}
		})
	}
	changes.Wait()
	page, faults := domain.NewPage(0, domain.MaxPageSize)
	if faults != nil {
		t.Fatal(faults)
	}
	trail, err := ws.KeyEvents(t.Context(), id, page)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, event := range slices.Backward(trail.Events) {
		want = append(want, event.ID)
	}
	service.Close() // calls the hook with the rest
	if !slices.Equal(told, want) {
		t.Errorf("the hook was called with\n%v\nand the trail is\n%v", told, want)
	}
}

func TestNew_RefusesANilEventHook(t *testing.T) {
	t.Parallel()
	if _, err := newService(t.Context(), apikeys.WithEventHook(nil)); err == nil || !strings.Contains(err.Error(), "WithEventHook") {
		t.Errorf("New() = %v, want an error that names WithEventHook", err)
	}
}
