package domain_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

var now = time.Date(2026, 3, 21, 12, 0, 0, 123456789, time.UTC)

// fataler is the common interface of *testing.T and *rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// newSecret returns the secret generated from seed.
func newSecret(t fataler, seed byte, mode domain.Mode) domain.Secret {
	t.Helper()
	secret, err := domain.NewSecret(rand.NewChaCha8([32]byte{seed}), mode)
	if err != nil {
		t.Fatalf("new secret: %v", err)
	}
	return secret
}

func newName(t fataler, s string) domain.Name {
	t.Helper()
	name, faults := domain.ParseName(s)
	if faults != nil {
		t.Fatalf("name %q: %v", s, faults)
	}
	return name
}

func newScopes(t fataler, codes ...domain.Scope) domain.ScopeSet {
	t.Helper()
	set, faults := domain.NewScopeSet(codes...)
	if faults != nil {
		t.Fatalf("scopes %q: %v", codes, faults)
	}
	return set
}

func newWhitelist(t fataler, entries ...string) domain.IPWhitelist {
	t.Helper()
	ranges := make([]domain.IPRange, len(entries))
	for i, entry := range entries {
		r, faults := domain.ParseIPRange(entry)
		if faults != nil {
			t.Fatalf("range %q: %v", entry, faults)
		}
		ranges[i] = r
	}
	list, faults := domain.NewIPWhitelist(ranges...)
	if faults != nil {
		t.Fatalf("whitelist %q: %v", entries, faults)
	}
	return list
}

// newRateLimits returns one rate limit.
func newRateLimits(t fataler, name string, most, seconds int64) []domain.Limit {
	t.Helper()
	limits, faults := domain.ParseRateLimits([]domain.RateLimitSpec{{Name: name, Limit: most, WindowSeconds: seconds}})
	if faults != nil {
		t.Fatalf("rate limit %s: %v", name, faults)
	}
	return limits
}

func newQuota(t fataler, most int64, period string) domain.Limit {
	t.Helper()
	quota, faults := domain.ParseQuota(domain.QuotaSpec{Limit: most, Period: period})
	if faults != nil {
		t.Fatalf("quota: %v", faults)
	}
	return quota
}

// rejected returns the one fault with which a value must be rejected.
func rejected(reason domain.Reason, rule domain.Rule) domain.Faults {
	return domain.Faults{{Reason: reason, Rule: rule}}
}

func wantFaults(t *testing.T, got, want domain.Faults) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func scopes() *rapid.Generator[domain.Scope] {
	return rapid.Map(rapid.StringMatching(`[a-z0-9_.-]{1,12}:[a-z0-9_.-]{1,12}`), func(s string) domain.Scope { return domain.Scope(s) })
}
