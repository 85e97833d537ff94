package domain_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func cost(t fataler, n int64) domain.Cost {
	t.Helper()
	c, faults := domain.ParseCost(n)
	if faults != nil {
		t.Fatalf("cost %d: %v", n, faults)
	}
	return c
}

func TestParseCost_HasBounds(t *testing.T) {
	t.Parallel()
	for n, need := range map[int64]int64{0: 1, 1: 1, 7: 7, 1_000_000: 1_000_000} {
		if c := cost(t, n); c.Units() != n || c.Need() != need {
			t.Errorf("a cost of %d spends %d and needs %d", n, c.Units(), c.Need())
		}
	}
	for _, n := range []int64{-1, 1_000_001} {
		_, faults := domain.ParseCost(n)
		wantFaults(t, faults, rejected(domain.ReasonRange, domain.RuleCostRange))
	}
	if c := (domain.Cost{}); c != cost(t, 1) {
		t.Errorf("the zero value is a cost of %d", c.Units())
	}
}

func TestRetryAfter_IsTheLongestWaitForALimitThatRefuses(t *testing.T) {
	t.Parallel()
	second, minute := newRateLimits(t, "burst", 9, 1)[0], newRateLimits(t, "default", 100, 60)[0]
	total := newQuota(t, 5, "TOTAL")
	for name, tc := range map[string]struct {
		states []domain.LimitState
		cost   int64
		want   time.Duration
		ok     bool
	}{
		"no limits":              {nil, 1, 0, false},
		"enough left":            {[]domain.LimitState{{Limit: minute, Remaining: 1, Reset: time.Minute}}, 0, 0, false},
		"one refuses":            {[]domain.LimitState{{Limit: second, Remaining: 9, Reset: time.Second}, {Limit: minute, Reset: time.Minute}}, 1, time.Minute, true},
		"two refuse":             {[]domain.LimitState{{Limit: second, Remaining: 9, Reset: time.Second}, {Limit: minute, Reset: time.Minute}}, 10, time.Minute, true},
		"one never starts again": {[]domain.LimitState{{Limit: minute, Reset: time.Minute}, {Limit: total, Reset: -1}}, 1, 0, false},
	} {
		wait, ok := domain.Decision{Limits: tc.states}.RetryAfter(cost(t, tc.cost))
		if wait != tc.want || ok != tc.ok {
			t.Errorf("%s: RetryAfter() = %v, %t, want %v, %t", name, wait, ok, tc.want, tc.ok)
		}
	}
}

func TestLimitState_TellsTheLengthOfItsWindow(t *testing.T) {
	t.Parallel()
	february := time.Date(2028, 2, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		limit domain.Limit
		want  int64
		ends  bool
	}{
		{newRateLimits(t, "default", 1, 90)[0], 90, true},
		{newQuota(t, 1, "DAY"), 86_400, true},
		{newQuota(t, 1, "MONTH"), 29 * 86_400, true},
		{newQuota(t, 1, "TOTAL"), 0, false},
	} {
		state := domain.LimitState{Limit: tc.limit, Start: tc.limit.Window.Start(february)}
		if got, ends := state.WindowSeconds(); got != tc.want || ends != tc.ends {
			t.Errorf("%s: WindowSeconds() = %d, %t, want %d, %t", tc.limit, got, ends, tc.want, tc.ends)
		}
	}
}
