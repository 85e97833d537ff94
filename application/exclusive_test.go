package application_test

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// slow is a writer whose changes wait until they are let go.
type slow struct {
	ports.KeyWriter
	begun, goOn chan struct{}
}

func (s slow) Create(context.Context, *domain.APIKey, domain.Event, ports.CreateOptions) error {
	s.begun <- struct{}{}
	<-s.goOn
	return nil
}

func TestExclusive_RefusesTheTwinOfARunningRequest(t *testing.T) {
	t.Parallel()
	writer := slow{begun: make(chan struct{}), goOn: make(chan struct{})}
	keys := application.Exclusive(writer)
	key := newKey(t, "ws-1")
	write := func(workspace domain.WorkspaceID, once *ports.Once) error {
		return keys.Create(t.Context(), newKey(t, workspace), domain.Event{}, ports.CreateOptions{Once: once})
	}
	taken := &ports.Once{Key: "order-7"}
	done := make(chan error, 4)
	go func() {
		done <- keys.Create(context.Background(), key, domain.Event{}, ports.CreateOptions{Once: taken})
	}()
	<-writer.begun
	if err := write("ws-1", taken); !errors.Is(err, domain.ErrOnceRunning) {
		t.Errorf("the twin gives %v", err)
	}
	err := keys.Update(t.Context(), "ws-1", key.ID(), nil, ports.UpdateOptions{Once: taken})
	if !errors.Is(err, domain.ErrOnceRunning) {
		t.Errorf("another change under the key gives %v", err)
	}
	for _, free := range []func() error{
		func() error { return write("ws-1", nil) },
		func() error { return write("ws-1", &ports.Once{Key: "order-8"}) },
		func() error { return write("ws-2", taken) },
	} {
		go func() { done <- free() }()
		<-writer.begun
	}
	close(writer.goOn)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	go func() { done <- write("ws-1", taken) }()
	<-writer.begun
	if err := <-done; err != nil {
		t.Errorf("after it has ended the key is taken still: %v", err)
	}
}

// newKey returns a key of that workspace.
func newKey(t *testing.T, workspace domain.WorkspaceID) *domain.APIKey {
	t.Helper()
	secret, err := domain.NewSecret(random(), domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	return domain.Rehydrate(domain.Snapshot{ID: secret.KeyID(), Workspace: workspace})
}
