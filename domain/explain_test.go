package domain_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

// outcomesOf lists the outcomes of an explanation by step.
func outcomesOf(e domain.Explanation) string {
	var all []string
	for _, s := range e.Steps {
		all = append(all, string(s.Step)+" "+string(s.Outcome))
	}
	return strings.Join(all, ", ")
}

func TestExplain_StopsAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	asked := func(change func(*domain.Question)) domain.Question {
		q := domain.Question{Check: domain.Check{Secret: secret, Scopes: []domain.Scope{"payment:read"}, Addr: inside}, At: now}
		change(&q)
		return q
	}
	byID := func(q *domain.Question) { q.Secret, q.ByID, q.KeyID = domain.Secret{}, true, secret.KeyID() }
	unchanged := func(*domain.Question) {}
	stored := func(*domain.Snapshot) {}
	spent := func(rate, quota int64) func(*domain.Question) {
		limits := []domain.Limit{newRateLimits(t, "default", 100, 60)[0], newQuota(t, 5, "TOTAL")}
		return func(q *domain.Question) {
			for i, remaining := range []int64{rate, quota} {
				q.Limits = append(q.Limits, domain.LimitState{Limit: limits[i], Remaining: remaining, Start: limits[i].Window.Start(now)})
			}
		}
	}
	for name, tc := range map[string]struct {
		key      func(*domain.Snapshot) // nil: no key
		question domain.Question
		verdict  domain.Verdict
		failed   int // index of the step; len if none
		detail   domain.Detail
	}{
		"allowed":         {stored, asked(unchanged), domain.VerdictOK, 9, domain.Detail{}},
		"allowed by ID":   {stored, asked(byID), domain.VerdictOK, 9, domain.Detail{}},
		"malformed key":   {stored, asked(func(q *domain.Question) { q.Secret = domain.Secret{} }), domain.VerdictNotFound, 0, domain.Detail{Rule: domain.DetailKeyMalformed}},
		"malformed ID":    {stored, asked(func(q *domain.Question) { q.ByID = true }), domain.VerdictNotFound, 0, domain.Detail{Rule: domain.DetailIDMalformed}},
		"unknown key":     {nil, asked(unchanged), domain.VerdictNotFound, 1, domain.Detail{Rule: domain.DetailNotFound, Args: map[string]string{"Key": string(secret.KeyID())}}},
		"unknown ID":      {nil, asked(byID), domain.VerdictNotFound, 1, domain.Detail{Rule: domain.DetailNotFound, Args: map[string]string{"Key": string(secret.KeyID())}}},
		"deleted":         {func(s *domain.Snapshot) { s.DeletedAt = now }, asked(unchanged), domain.VerdictNotFound, 1, domain.Detail{Rule: domain.DetailNotFound, Args: map[string]string{"Key": string(secret.KeyID())}}},
		"wrong secret":    {stored, asked(func(q *domain.Question) { q.Secret = otherSecretOf(t, secret) }), domain.VerdictNotFound, 2, domain.Detail{Rule: domain.DetailSecretWrong}},
		"replaced secret": {func(s *domain.Snapshot) { s.Secrets[0].ValidUntil = now.Add(-time.Minute) }, asked(unchanged), domain.VerdictNotFound, 2, domain.Detail{Rule: domain.DetailSecretEnded, Args: map[string]string{"Until": "2026-03-21T11:59:00Z"}}},
		"disabled":        {func(s *domain.Snapshot) { s.Disabled = true }, asked(unchanged), domain.VerdictDisabled, 3, domain.Detail{Rule: domain.DetailDisabled}},
		"disabled, by ID": {func(s *domain.Snapshot) { s.Disabled = true }, asked(byID), domain.VerdictDisabled, 3, domain.Detail{Rule: domain.DetailDisabled}},
		"expired then": {stored, asked(func(q *domain.Question) { q.At = now.Add(2 * time.Hour) }), domain.VerdictExpired, 4, domain.Detail{
			Rule: domain.DetailExpired, Args: map[string]string{"At": "2026-03-21T14:00:00Z", "Until": "2026-03-21T13:00:00Z"},
		}},
		"address not listed": {stored, asked(func(q *domain.Question) { q.Addr = outside }), domain.VerdictIPNotAllowed, 5, domain.Detail{
			Rule: domain.DetailIPNotListed, Args: map[string]string{"IP": "203.0.113.9", "Ranges": "192.168.1.0/24"},
		}},
		"address unknown": {stored, asked(func(q *domain.Question) { q.Addr = netip.Addr{} }), domain.VerdictIPNotAllowed, 5, domain.Detail{
			Rule: domain.DetailIPUnknown, Args: map[string]string{"Ranges": "192.168.1.0/24"},
		}},
		"whitelist unreadable": {func(s *domain.Snapshot) { s.IPWhitelist = domain.UnreadableIPWhitelist() }, asked(unchanged), domain.VerdictIPNotAllowed, 5, domain.Detail{Rule: domain.DetailWhitelistUnreadable}},
		"scope missing": {stored, asked(func(q *domain.Question) { q.Scopes = append(q.Scopes, "payment:void") }), domain.VerdictInsufficientScope, 6, domain.Detail{
			Rule: domain.DetailScopesMissing, Args: map[string]string{"Scopes": "payment:void"},
		}},
		"no scopes": {func(s *domain.Snapshot) { s.Scopes = domain.ScopeSet{} }, asked(func(q *domain.Question) { q.Scopes = nil }), domain.VerdictInsufficientScope, 6, domain.Detail{Rule: domain.DetailScopesNone}},
		"rate limit reached": {stored, asked(spent(0, 5)), domain.VerdictRateLimited, 7, domain.Detail{
			Rule: domain.DetailRateLimitReached, Args: map[string]string{"Name": "default", "Limits": "0/100", "Cost": "1"},
		}},
		"cost too high": {stored, asked(func(q *domain.Question) { spent(9, 5)(q); q.Cost = cost(t, 10) }), domain.VerdictRateLimited, 7, domain.Detail{
			Rule: domain.DetailRateLimitReached, Args: map[string]string{"Name": "default", "Limits": "9/100", "Cost": "10"},
		}},
		"quota used up, by ID": {stored, asked(func(q *domain.Question) { spent(1, 0)(q); byID(q); q.Cost = cost(t, 0) }), domain.VerdictQuotaExceeded, 8, domain.Detail{
			Rule: domain.DetailQuotaUsedUp, Args: map[string]string{"Limits": "0/5", "Cost": "1"},
		}},
		"rate limit reached in another window": {stored, asked(func(q *domain.Question) { spent(0, 5)(q); q.At = now.Add(time.Minute) }), domain.VerdictOK, 9, domain.Detail{}},
		"rate limits unreadable":               {func(s *domain.Snapshot) { s.Unreadable = domain.PartRateLimits }, asked(unchanged), domain.VerdictRateLimited, 7, domain.Detail{Rule: domain.DetailRateLimitsLost}},
		"quota unreadable":                     {func(s *domain.Snapshot) { s.Unreadable = domain.PartQuota }, asked(unchanged), domain.VerdictQuotaExceeded, 8, domain.Detail{Rule: domain.DetailQuotaLost}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var grant *domain.Grant
			if tc.key != nil {
				s := snapshot(t, secret)
				tc.key(&s)
				grant = domain.Rehydrate(s).Grant()
			}
			got := tc.question.Explain(grant, verifier{})
			if got.Verdict != tc.verdict || got.Allowed() != (tc.verdict == domain.VerdictOK) {
				t.Errorf("verdict %s, want %s", got.Verdict, tc.verdict)
			}
			var want []string
			for i, step := range domain.Steps() {
				outcome := domain.StepPass
				switch {
				case i == tc.failed:
					outcome = domain.StepFail
				case i > tc.failed, step == domain.StepSecret && tc.question.ByID:
					outcome = domain.StepSkip
				}
				want = append(want, string(step)+" "+string(outcome))
			}
			if diff := cmp.Diff(strings.Join(want, ", "), outcomesOf(got)); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if tc.failed < len(got.Steps) {
				if diff := cmp.Diff(tc.detail, got.Steps[tc.failed].Detail); diff != "" {
					t.Errorf("detail (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestExplain_SaysWhichSecretWasPresented(t *testing.T) {
	t.Parallel()
	old, current := newSecret(t, 1, domain.ModeLive), otherSecretOf(t, newSecret(t, 1, domain.ModeLive))
	s := snapshot(t, old)
	s.Secrets = []domain.StoredSecret{{Digest: digestOf(current)}, {Digest: digestOf(old), ValidUntil: now.Add(time.Minute)}}
	for want, secret := range map[domain.Rule]domain.Secret{domain.DetailSecretCurrent: current, domain.DetailSecretPrevious: old} {
		q := domain.Question{Check: domain.Check{Secret: secret, Addr: inside}, At: now}
		if got := q.Explain(domain.Rehydrate(s).Grant(), verifier{}).Steps[2]; got.Outcome != domain.StepPass || got.Detail.Rule != want {
			t.Errorf("%s: %+v", want, got)
		}
	}
}

func TestExplain_NeverShowsASecret(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	q := domain.Question{At: now, Check: domain.Check{
		Secret: secret, Addr: inside,
		Scopes: []domain.Scope{domain.Scope(secret.Reveal()), "sk_live_" + domain.Scope(strings.Repeat("a", 30)) + ":x"},
	}}
	for _, grant := range []*domain.Grant{nil, domain.Rehydrate(snapshot(t, secret)).Grant()} {
		if text := fmt.Sprint(q.Explain(grant, verifier{})); domain.HasSecret(text) {
			t.Errorf("a secret in %s", text)
		}
	}
}

func TestExplain_NeverDisagreesWithAuthorize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := newSecret(t, 1, domain.ModeLive)
		times := rapid.SampledFrom([]time.Time{{}, now.Add(-time.Minute), now, now.Add(time.Minute)})
		s := snapshot(t, secret)
		s.Disabled = rapid.Bool().Draw(t, "disabled")
		s.ExpiresAt = times.Draw(t, "expiry").Truncate(time.Microsecond)
		s.Secrets[0].ValidUntil = times.Draw(t, "grace").Truncate(time.Microsecond)
		if rapid.IntRange(0, 4).Draw(t, "deleted") == 0 {
			s.DeletedAt = now
		}
		if rapid.Bool().Draw(t, "open") {
			s.IPWhitelist = domain.IPWhitelist{}
		}
		if rapid.IntRange(0, 4).Draw(t, "scopeless") == 0 {
			s.Scopes = domain.ScopeSet{}
		}
		key := domain.Rehydrate(s)
		check := domain.Check{
			Secret: rapid.SampledFrom([]domain.Secret{secret, secret, secret, otherSecretOf(t, secret), {}}).Draw(t, "secret"),
			Addr:   rapid.SampledFrom([]netip.Addr{inside, outside, {}}).Draw(t, "address"),
			Scopes: rapid.SliceOfN(rapid.SampledFrom([]domain.Scope{"payment:read", "payment:void", "?"}), 0, 2).Draw(t, "scopes"),
		}
		at := rapid.SampledFrom([]time.Time{now.Add(-time.Hour), now, now.Add(time.Hour)}).Draw(t, "at")

		got := domain.Question{Check: check, At: at}.Explain(key.Grant(), verifier{})
		if want := key.Authorize(check, verifier{}, at); got.Verdict != want.Verdict {
			t.Errorf("explained as %s, decided as %s", got.Verdict, want.Verdict)
		}
		checkSteps(t, got)

		byID := domain.Question{Check: check, ByID: true, KeyID: s.ID, At: at}
		proven := s
		proven.Secrets = []domain.StoredSecret{{Digest: digestOf(secret)}}
		check.Secret = secret
		got = byID.Explain(key.Grant(), verifier{})
		if want := domain.Rehydrate(proven).Authorize(check, verifier{}, at); got.Verdict != want.Verdict {
			t.Errorf("by ID explained as %s, decided as %s", got.Verdict, want.Verdict)
		}
		checkSteps(t, got)
	})
}

// checkSteps checks that an explanation fails at one step if it denies and at none
// if it allows, and that it describes every step.
func checkSteps(t *rapid.T, e domain.Explanation) {
	failed := strings.Count(outcomesOf(e), string(domain.StepFail))
	if len(e.Steps) != len(domain.Steps()) || failed > 1 || (failed == 0) != e.Allowed() {
		t.Errorf("%s: %s", e.Verdict, outcomesOf(e))
	}
	for _, s := range e.Steps {
		if s.Detail.Rule == "" {
			t.Errorf("%s has no detail", s.Step)
		}
	}
}
