package acceptance

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/migrated"
)

// unreachableLimits is a store of limits that is unreachable while down is set.
type unreachableLimits struct {
	ports.LimitStore
	down *atomic.Bool
}

func (s unreachableLimits) Lease(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	if s.down.Load() {
		return ports.Lease{}, fmt.Errorf("%w: switched off", domain.ErrUnavailable)
	}
	return s.LimitStore.Lease(ctx, request)
}

func (s unreachableLimits) Peek(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	if s.down.Load() {
		return ports.Lease{}, fmt.Errorf("%w: switched off", domain.ErrUnavailable)
	}
	return s.LimitStore.Peek(ctx, request)
}

// mustSpend reports a check of that cost that is not answered with status and, if that
// is 200, with reason.
func (w *world) mustSpend(t *testing.T, report reportf, what, secret string, cost, status int, reason string) {
	t.Helper()
	a := do(t, w.verify(`{"key":"`+secret+`","cost":`+strconv.Itoa(cost)+`}`))
	if a.status != status || status == http.StatusOK && !strings.Contains(a.body, `"reason":"`+reason+`"`) {
		report("%s: %d %s, want %d %s", what, a.status, a.body, status, reason)
	}
}

func TestLimits_DuringAnOutage(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]struct{ verify, authorize, unjudged int }{
		"allow": {200, 204, 6},
		"deny":  {503, 503, 0},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			clock, down, keys := newClock(now), new(atomic.Bool), memory.NewKeyRepository()
			w := newWorld(t, func(cfg *config.Config) { cfg.LimitsDuringOutage = setting },
				apikeys.WithClock(clock.Now),
				apikeys.WithStore(apikeys.Store{Keys: keys, Limits: unreachableLimits{memory.NewLimitStore(clock.Now), down}}))
			_, rated := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"rateLimits":[{"name":"default","limit":3,"windowSeconds":60}]}`)
			_, quota := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"quota":{"limit":1000,"period":"MONTH"}}`)
			w.mustSpend(t, t.Errorf, "before", rated, 1, 200, "OK")
			w.mustSpend(t, t.Errorf, "before", quota, 1, 200, "OK") // the service holds another 9

			down.Store(true)
			for range 5 {
				w.mustSpend(t, t.Errorf, "a rate limit that cannot be counted", rated, 1, want.verify, "OK")
			}
			a := do(t, request{
				method: http.MethodGet, url: w.internal + "/internal/v1/authorize?scope=a:b",
				header: http.Header{"X-Api-Key": {rated}},
			})
			if a.status != want.authorize {
				t.Errorf("authorize: %d %s, want %d", a.status, a.body, want.authorize)
			}
			for range 9 {
				w.mustSpend(t, t.Errorf, "a quota within what is held", quota, 1, 200, "OK")
			}
			for range 2 {
				w.mustSpend(t, t.Errorf, "a quota beyond what is held", quota, 1, 503, "")
			}
			metric := fmt.Sprintf("\napikeys_limit_unjudged_checks_total %d\n", want.unjudged)
			if text := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"}).body; !strings.Contains(text, metric) {
				t.Errorf("metrics lack %q", metric)
			}

			down.Store(false)
			clock.Set(now.Add(time.Second)) // for so long after a failure, the store is not asked
			for range 2 {
				w.mustSpend(t, t.Errorf, "after", rated, 1, 200, "OK")
			}
			w.mustSpend(t, t.Errorf, "one too many", rated, 1, 200, "RATE_LIMITED")
			w.mustSpend(t, t.Errorf, "all of the rest", quota, 990, 200, "OK")
			w.mustSpend(t, t.Errorf, "one too many", quota, 1, 200, "QUOTA_EXCEEDED")
		})
	}
}

func TestLimits_WhatIsLeftIsGivenBackByAServiceThatCloses(t *testing.T) {
	t.Parallel()
	for name, newDatabase := range map[string]func(t testing.TB) string{
		"sqlite":   migrated.SQLite,
		"postgres": migrated.PostgreSQL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counted(t, func(report reportf) (missed bool) {
				url := newDatabase(t)
				sameDatabase := func(cfg *config.Config) { cfg.DatabaseURL = config.Secret(url) }
				w := newReadyWorld(t, sameDatabase)
				_, secret := w.newKeyOf(t, `{"name":"k","scopes":["a:b"],"quota":{"limit":1000,"period":"TOTAL"}}`)
				for range 3 {
					w.mustSpend(t, report, "before", secret, 1, 200, "OK") // 10 are granted
				}
				missed = w.missedALease(t)
				if err := w.service.Close(); err != nil {
					t.Fatal(err)
				}
				next := newReadyWorld(t, sameDatabase)
				next.mustSpend(t, report, "more than the rest", secret, 998, 200, "QUOTA_EXCEEDED")
				next.mustSpend(t, report, "all of the rest", secret, 997, 200, "OK")
				next.mustSpend(t, report, "one too many", secret, 1, 200, "QUOTA_EXCEEDED")
				return missed || next.missedALease(t)
			})
		})
	}
}
