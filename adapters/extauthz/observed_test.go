package extauthz_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/domain"
)

// observed is one call of Observe.
type observed struct {
	route, method string
	status        int
	took          time.Duration
}

func TestCheck_ObservesEveryCall(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*extauthz.Options)
		r      request
		want   int
	}{
		"an allowed key":  {func(*extauthz.Options) {}, request{headers: key(secret)}, 200},
		"no key":          {func(*extauthz.Options) {}, request{}, 401},
		"another address": {func(*extauthz.Options) {}, request{headers: key(secret), source: "192.0.2.1"}, 403},
		"a bad cost":      {func(*extauthz.Options) {}, request{headers: key(secret), extensions: map[string]string{"cost": "-1"}}, 400},
		"no token":        {withToken, request{headers: key(secret)}, 401},
		"a panic": {authorizing(func(context.Context, domain.Check) (domain.Decision, error) {
			panic("of a store")
		}), request{headers: key(secret)}, 500},
		"no store": {authorizing(func(context.Context, domain.Check) (domain.Decision, error) {
			return domain.Decision{}, domain.ErrUnavailable
		}), request{headers: key(secret)}, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := make(chan observed, 1)
			newWorld(t, tt.change, observing(calls)).check(t, tt.r)
			got := <-calls
			want := observed{"/envoy.service.auth.v3.Authorization/Check", http.MethodPost, tt.want, time.Second}
			if got != want {
				t.Errorf("observed %v, want %v", got, want)
			}
		})
	}
}

// observing returns a change of the options that sends each observation to calls, with
// a clock by which each check takes a second.
func observing(calls chan<- observed) func(*extauthz.Options) {
	return func(o *extauthz.Options) {
		now := time.Unix(1, 0)
		o.Now = func() time.Time {
			now = now.Add(time.Second)
			return now
		}
		o.Observe = func(_ context.Context, route, method string, status int, took time.Duration) {
			calls <- observed{route, method, status, took}
		}
	}
}

func TestCheck_ObservesCallersThatHangUpAs499(t *testing.T) {
	t.Parallel()
	calls, entered := make(chan observed, 1), make(chan struct{})
	w := newWorld(t, observing(calls), authorizing(func(ctx context.Context, _ domain.Check) (domain.Decision, error) {
		close(entered)
		<-ctx.Done()
		return domain.Decision{}, fmt.Errorf("store: %w", ctx.Err())
	}))
	ctx, hangUp := context.WithCancel(t.Context())
	go func() { <-entered; hangUp() }()
	if _, err := w.client.Check(ctx, request{headers: key(secret)}.proto()); err == nil {
		t.Fatal("the call was not cancelled")
	}
	if got := <-calls; got.status != 499 {
		t.Errorf("observed status %d, want 499", got.status)
	}
}
