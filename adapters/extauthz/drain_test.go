package extauthz_test

import (
	"context"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"

	"github.com/slaunchx/apikeys/domain"
)

func forceCodec(c rawCodec) grpc.CallOption { return grpc.ForceCodec(c) }

// waiting is an authorizer whose checks wait until they may proceed.
type waiting struct{ entered, proceed chan struct{} }

func (w waiting) authorize(ctx context.Context, check domain.Check) (domain.Decision, error) {
	w.entered <- struct{}{}
	select {
	case <-w.proceed:
		return oneKey(ctx, check)
	case <-ctx.Done():
		return domain.NotFound(), ctx.Err()
	}
}

// asked starts a check and, once it is in flight, returns a channel for its outcome.
func (w waiting) asked(t *testing.T, world *world) chan *authv3.CheckResponse {
	t.Helper()
	responses := make(chan *authv3.CheckResponse, 1)
	go func() {
		response, _ := world.client.Check(t.Context(), request{headers: key(secret)}.proto())
		responses <- response
	}()
	<-w.entered
	return responses
}

func TestDrain_LetsChecksInFlightFinish(t *testing.T) {
	t.Parallel()
	held := waiting{make(chan struct{}), make(chan struct{})}
	w := newWorld(t, authorizing(held.authorize))
	responses := held.asked(t, w)
	drained := make(chan error, 1)
	go func() { drained <- w.server.Drain(t.Context()) }()
	close(held.proceed)
	if response := <-responses; response.GetOkResponse() == nil {
		t.Errorf("the check in flight ends with %v", response)
	}
	if err := <-drained; err != nil {
		t.Errorf("Drain() = %v", err)
	}
}

func TestDrain_AbortsWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	held := waiting{make(chan struct{}), make(chan struct{})}
	w := newWorld(t, authorizing(held.authorize))
	responses := held.asked(t, w)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.server.Drain(over); err == nil {
		t.Error("Drain() = nil, want an error")
	}
	if response := <-responses; response.GetOkResponse() != nil {
		t.Errorf("the aborted check ends with %v", response)
	}
}
