package application_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// limiter refuses every check by the limit with the index refusing, unless that is
// negative.
type limiter struct {
	refusing int
	err      error
	calls    []string
	cost     int64
	start    time.Time // of the windows
}

func statesOf(limits []domain.Limit) []domain.LimitState {
	var states []domain.LimitState
	for _, l := range limits {
		states = append(states, domain.LimitState{Limit: l, Remaining: 7})
	}
	return states
}

func (l *limiter) Spend(_ context.Context, key *application.LimitedKey, cost int64, _ time.Time) ([]domain.LimitState, int, error) {
	l.calls, l.cost = append(l.calls, "spend"), cost
	states := statesOf(key.Limits)
	for i := range states {
		states[i].Start = l.start
	}
	return states, l.refusing, l.err
}

func (l *limiter) States(_ context.Context, key *application.LimitedKey, _ time.Time) []domain.LimitState {
	l.calls = append(l.calls, "states")
	return statesOf(key.Limits)
}

func (l *limiter) Look(_ context.Context, _ domain.KeyID, limits []domain.Limit) ([]domain.LimitState, error) {
	l.calls = append(l.calls, "look")
	return statesOf(limits), l.err
}

var limited = domain.KeySpec{
	Name: "k", Scopes: []string{"payment:read"},
	RateLimits: []domain.RateLimitSpec{{Name: "default", Limit: 9, WindowSeconds: 60}},
	Quota:      domain.QuotaSpec{Limit: 10, Period: "DAY"},
}

func limiting(t *testing.T, keys ports.KeyFinder, l application.Limiter) *application.Authorize {
	t.Helper()
	hasher := newHasher(t)
	return application.NewAuthorize(uncached{keys}, hasher, application.NewUsage(nil, hasher, clock, slog.New(slog.DiscardHandler)), l, clock, &application.Lifetime{})
}

func TestAuthorize_SpendsFromTheLimitsOfAnAllowedKey(t *testing.T) {
	t.Parallel()
	down := errors.Join(domain.ErrUnavailable, errors.New("no answer"))
	seven, _ := domain.ParseCost(7)
	for name, tc := range map[string]struct {
		limiter limiter
		check   domain.Check
		want    domain.Verdict
		calls   []string
	}{
		"allowed":                {limiter{refusing: -1}, domain.Check{Cost: seven}, domain.VerdictOK, []string{"spend"}},
		"a rate limit refuses":   {limiter{refusing: 0}, domain.Check{Cost: seven}, domain.VerdictRateLimited, []string{"spend"}},
		"the quota refuses":      {limiter{refusing: 1}, domain.Check{Cost: seven}, domain.VerdictQuotaExceeded, []string{"spend"}},
		"another rule denies":    {limiter{refusing: -1}, domain.Check{Scopes: []domain.Scope{"x:y"}}, domain.VerdictInsufficientScope, []string{"states"}},
		"the limiter has failed": {limiter{refusing: 1, err: down}, domain.Check{Cost: seven}, domain.VerdictNotFound, []string{"spend"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := memory.NewKeyRepository()
			tc.check.Secret = createdIn(t, keys, limited)
			got, err := limiting(t, keys, &tc.limiter).Do(t.Context(), tc.check)
			if got.Verdict != tc.want || !errors.Is(err, tc.limiter.err) || !slices.Equal(tc.limiter.calls, tc.calls) {
				t.Errorf("%s, %v after %v; want %s after %v", got.Verdict, err, tc.limiter.calls, tc.want, tc.calls)
			}
			if err == nil && (len(got.Limits) != 2 || got.Limits[1].Limit.Max != 10) {
				t.Errorf("limits %+v", got.Limits)
			}
			if tc.calls[0] == "spend" && tc.limiter.cost != 7 {
				t.Errorf("%d are spent, want 7", tc.limiter.cost)
			}
		})
	}
}

func TestAuthorize_AsksNoLimiterAboutOtherKeys(t *testing.T) {
	t.Parallel()
	keys, l := memory.NewKeyRepository(), new(limiter)
	ws := open(t, keys, domain.PortalPartner)
	var created [2]application.CreatedKey
	for i, spec := range []domain.KeySpec{limited, {Name: "k", Scopes: []string{"payment:read"}}} {
		var err error
		if created[i], err = ws.CreateKey(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	other, err := domain.NewSecretOf(random(), created[0].Key.ID())
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []domain.Check{{Secret: created[1].Secret}, {Secret: other}, {}} {
		got, err := limiting(t, keys, l).Do(t.Context(), check)
		if err != nil || got.Limits != nil || l.calls != nil {
			t.Errorf("%s, %v, limits %+v after %v", got.Verdict, err, got.Limits, l.calls)
		}
	}
}

// A limit that nothing counts must not be ignored.
func TestAuthorize_FailsForAKeyWithLimitsThatNothingCounts(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, limited)
	uc := limiting(t, keys, nil)
	if got, err := uc.Do(t.Context(), domain.Check{Secret: secret}); !errors.Is(err, domain.ErrUnavailable) || got.Allowed() {
		t.Errorf("Do returns %s, %v", got.Verdict, err)
	}
	if _, err := uc.Explain(t.Context(), domain.Question{Check: domain.Check{Secret: secret}}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Explain returns %v", err)
	}
}

func TestExplain_LooksAtLimitsOnlyIfItComesToThem(t *testing.T) {
	t.Parallel()
	keys, l := memory.NewKeyRepository(), &limiter{err: domain.ErrUnavailable}
	secret := createdIn(t, keys, limited)
	uc := limiting(t, keys, l)
	if got, err := uc.Explain(t.Context(), domain.Question{Check: domain.Check{Secret: secret, Scopes: []domain.Scope{"x:y"}}}); err != nil || got.Verdict != domain.VerdictInsufficientScope || l.calls != nil {
		t.Errorf("%s, %v after %v", got.Verdict, err, l.calls)
	}
	if _, err := uc.Explain(t.Context(), domain.Question{Check: domain.Check{Secret: secret}}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
	l.err = nil
	eight, _ := domain.ParseCost(8)
	if got, err := uc.Explain(t.Context(), domain.Question{Check: domain.Check{Secret: secret, Cost: eight}}); err != nil || got.Verdict != domain.VerdictRateLimited {
		t.Errorf("%s, %v", got.Verdict, err)
	}
}

func TestWorkspace_RefusesLimitsThatTheStoreCannotCount(t *testing.T) {
	t.Parallel()
	ws := openWith(t, memory.NewKeyRepository(), domain.PortalPartner, parts{countsNothing: true})
	wantUnsupported := func(err error, fields ...string) {
		t.Helper()
		faults, _ := errors.AsType[domain.Faults](err)
		var got []string
		for _, f := range faults {
			got = append(got, f.Field)
			if f.Rule != domain.RuleLimitsUnsupported {
				t.Errorf("the rule is %s", f.Rule)
			}
		}
		if !slices.Equal(got, fields) {
			t.Errorf("refused for %v (%v), want %v", got, err, fields)
		}
	}
	_, err := ws.CreateKey(t.Context(), limited)
	wantUnsupported(err, "rateLimits", "quota")
	created, err := ws.CreateKey(t.Context(), domain.KeySpec{Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ws.UpdateKey(t.Context(), created.Key.ID(), domain.KeyPatch{RateLimits: &limited.RateLimits}, nil)
	wantUnsupported(err, "rateLimits")
	_, err = ws.UpdateKey(t.Context(), created.Key.ID(), domain.KeyPatch{Quota: &limited.Quota}, nil)
	wantUnsupported(err, "quota")
	_, err = ws.UpdateKey(t.Context(), created.Key.ID(), domain.KeyPatch{RateLimits: &[]domain.RateLimitSpec{}, Quota: &domain.QuotaSpec{}}, nil)
	wantUnsupported(err)
}

// counts is a store of limits that implements only ForgetLimits.
type counts struct {
	ports.LimitStore
	held int
}

func (c *counts) ForgetLimits(_ context.Context, limit int) (int, error) {
	n := min(c.held, limit)
	c.held -= n
	return n, nil
}

func TestForget_RemovesCountsOfLimits(t *testing.T) {
	t.Parallel()
	held := &counts{held: 2500}
	forget := application.NewForget(memory.NewKeyRepository(), held, nil, nil, slog.New(slog.DiscardHandler), clock)
	if err := forget.Limits(t.Context()); err != nil || held.held != 0 {
		t.Errorf("%d are left, %v", held.held, err)
	}
}

// stuckLimits is a store of limits that respects no context.
type stuckLimits struct {
	ports.LimitStore
	release chan struct{}
}

func (s stuckLimits) Lease(context.Context, ports.LeaseRequest) (ports.Lease, error) {
	<-s.release
	return ports.Lease{}, nil
}

func (stuckLimits) Peek(context.Context, ports.LeaseRequest) (ports.Lease, error) { panic("broken") }

func TestAbandoningLimits_DoesNotWaitForAStoreThatHangs(t *testing.T) {
	t.Parallel()
	s := stuckLimits{release: make(chan struct{})}
	defer close(s.release)
	store := application.AbandoningLimits(s)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := store.Lease(ctx, ports.LeaseRequest{}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Lease returns %v", err)
	}
	if _, err := store.Peek(t.Context(), ports.LeaseRequest{}); !errors.Is(err, domain.ErrPanicked) {
		t.Errorf("Peek returns %v", err)
	}
	if application.AbandoningLimits(nil) != nil {
		t.Error("no store became one")
	}
}
