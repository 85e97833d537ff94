package client_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

// authorizer is the common interface of an embedded service and the client.
type authorizer interface {
	Authorize(ctx context.Context, check domain.Check) (domain.Decision, error)
}

var (
	_ authorizer = (*apikeys.Service)(nil)
	_ authorizer = (*client.Client)(nil)
)

var sameScopes = cmp.Comparer(func(a, b domain.ScopeSet) bool { return slices.Equal(a.Codes(), b.Codes()) })

func TestAuthorize_DecidesLikeTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newClient(t, client.Options{BaseURL: w.internal, Token: token, Timeout: time.Minute})
	read := []string{"payment:read", "payment:write"}
	open := w.key(t, read, nil)
	bound := w.key(t, read, []string{"192.168.1.0/24", "2001:db8::/32"}, func(s *apikeys.KeySpec) { s.Mode = domain.ModeTest })
	bare := w.key(t, nil, nil)
	short := w.key(t, read, nil, func(s *apikeys.KeySpec) { s.ExpiresAt = now.Truncate(time.Second).Add(time.Hour) })
	addr := netip.MustParseAddr

	tests := []struct {
		name  string
		check domain.Check
		want  domain.Verdict
	}{
		{"the scope is held", domain.Check{Secret: open, Scopes: scopesOf("payment:read")}, domain.VerdictOK},
		{"all scopes are held", domain.Check{Secret: open, Scopes: scopesOf(read...)}, domain.VerdictOK},
		{"no scope is requested", domain.Check{Secret: open}, domain.VerdictOK},
		{"an address without a whitelist", domain.Check{Secret: open, Addr: addr("203.0.113.9")}, domain.VerdictOK},
		{"one scope is not held", domain.Check{Secret: open, Scopes: scopesOf("payment:read", "payment:refund")}, domain.VerdictInsufficientScope},
		{"a malformed scope", domain.Check{Secret: open, Scopes: scopesOf("Payment \xff<&>")}, domain.VerdictInsufficientScope},
		{"a key without scopes", domain.Check{Secret: bare}, domain.VerdictInsufficientScope},
		{"from inside the range", domain.Check{Secret: bound, Addr: addr("192.168.1.7")}, domain.VerdictOK},
		{"from inside, mapped", domain.Check{Secret: bound, Addr: addr("::ffff:192.168.1.7")}, domain.VerdictOK},
		{"from inside, IPv6", domain.Check{Secret: bound, Addr: addr("2001:db8::1")}, domain.VerdictOK},
		{"with a zone", domain.Check{Secret: bound, Addr: addr("2001:db8::1%eth0")}, domain.VerdictIPNotAllowed},
		{"from outside", domain.Check{Secret: bound, Addr: addr("192.168.2.7")}, domain.VerdictIPNotAllowed},
		{"from an unknown address", domain.Check{Secret: bound}, domain.VerdictIPNotAllowed},
		{"before expiry", domain.Check{Secret: short}, domain.VerdictOK},
		{"an unknown key", domain.Check{Secret: newSecret(t)}, domain.VerdictNotFound},
		{"no secret", domain.Check{}, domain.VerdictNotFound},
	}
	compare := func(t *testing.T, check domain.Check, verdict domain.Verdict) {
		t.Helper()
		want, err := w.Authorize(t.Context(), check)
		if err != nil || want.Verdict != verdict {
			t.Fatalf("embedded: %v %v, want %v", want.Verdict, err, verdict)
		}
		got, err := c.Authorize(t.Context(), check)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, sameScopes); diff != "" {
			t.Errorf("(-embedded +remote):\n%s", diff)
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { compare(t, tt.check, tt.want) })
	}
	w.clock.advance(time.Hour)
	t.Run("after expiry", func(t *testing.T) { compare(t, domain.Check{Secret: short}, domain.VerdictExpired) })
}

func TestAuthorize_SpendsFromLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newClient(t, client.Options{BaseURL: w.internal, Token: token, Timeout: time.Minute, CacheFor: time.Minute})
	secret := w.key(t, []string{"a:b"}, nil, func(s *apikeys.KeySpec) {
		s.RateLimits = []apikeys.RateLimitSpec{{Name: "default", Limit: 5, WindowSeconds: 60}}
		s.Quota = apikeys.QuotaSpec{Limit: 9, Period: "TOTAL"}
	})
	for _, step := range []struct {
		cost, rate, quota int64
		want              domain.Verdict
	}{{1, 4, 8, domain.VerdictOK}, {3, 1, 5, domain.VerdictOK}, {0, 1, 5, domain.VerdictOK}, {2, 1, 5, domain.VerdictRateLimited}} {
		cost, _ := domain.ParseCost(step.cost)
		got, err := c.Authorize(t.Context(), domain.Check{Secret: secret, Cost: cost})
		if err != nil || got.Verdict != step.want || len(got.Limits) != 2 || got.Limits[0].Remaining != step.rate || got.Limits[1].Remaining != step.quota {
			t.Errorf("cost %d: %s, %v, %+v", step.cost, got.Verdict, err, got.Limits)
			continue
		}
		if got.Limits[0].Limit.Name != "default" || got.Limits[0].Limit.Max != 5 || got.Limits[0].Reset <= 0 || !got.Limits[1].Limit.IsQuota() || got.Limits[1].Reset != -1 {
			t.Errorf("cost %d: %+v", step.cost, got.Limits)
		}
	}
}

func TestAuthorize_ReportsAWrongTokenAsConfigurationError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.key(t, []string{"payment:read"}, nil)
	for _, wrong := range []client.Token{"", "another-token"} {
		c := newClient(t, client.Options{BaseURL: w.internal, Token: wrong, Timeout: time.Minute})
		d, err := c.Authorize(t.Context(), domain.Check{Secret: secret})
		if d.Allowed() || err == nil || errors.Is(err, domain.ErrUnavailable) || !strings.Contains(err.Error(), "internal token") {
			t.Errorf("Authorize() = %v, %v", d.Verdict, err)
		}
	}
}

func TestAuthorize_ReportsAStoppedServiceAsUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.key(t, []string{"payment:read"}, nil)
	c := newClient(t, client.Options{BaseURL: w.internal, Token: token, Timeout: time.Minute})
	if d, err := c.Authorize(t.Context(), domain.Check{Secret: secret}); !d.Allowed() || err != nil {
		t.Fatalf("Authorize() = %v, %v", d.Verdict, err)
	}
	w.Stop()
	d, err := c.Authorize(t.Context(), domain.Check{Secret: secret})
	if d.Allowed() || !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Authorize() = %v, %v", d.Verdict, err)
	}
}

func TestAuthorize_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held, bare := w.key(t, []string{"payment:read"}, nil), w.key(t, nil, nil)
	c := newClient(t, client.Options{BaseURL: w.internal, Token: token, Timeout: time.Minute, CacheFor: time.Second})
	results := make(chan error, 16)
	for range cap(results) {
		go func() {
			for range 50 {
				one, err1 := c.Authorize(t.Context(), domain.Check{Secret: held})
				two, err2 := c.Authorize(t.Context(), domain.Check{Secret: bare})
				if err := errors.Join(err1, err2); err != nil || !one.Allowed() || two.Allowed() {
					results <- errors.Join(err, errors.New(string(one.Verdict+" "+two.Verdict)))
					return
				}
			}
			results <- nil
		}()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}
