package webhooks

import (
	"math"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNextAttempt_FollowsTheSchedule(t *testing.T) {
	t.Parallel()
	want := []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
	for i, delay := range want {
		for random, factor := range map[float64]float64{0: 0.8, 0.5: 1, 0.75: 1.1} {
			got, more := nextAttempt(i+1, 0, func() float64 { return random })
			if exact := time.Duration(factor * float64(delay)); !more || (got-exact).Abs() > time.Microsecond {
				t.Errorf("after %d failures and with %v the next attempt is after %v, %v, want %v", i+1, random, got, more, exact)
			}
		}
	}
	if _, more := nextAttempt(10, time.Hour, func() float64 { return 0 }); more {
		t.Error("there is an eleventh attempt")
	}
}

func TestNextAttempt_RespectsRetryAfterUpToADay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		failed := rapid.IntRange(1, 9).Draw(r, "failed")
		asked := time.Duration(rapid.Int64Range(0, int64(100*24*time.Hour)).Draw(r, "asked"))
		random := rapid.Float64Range(0, 0.999999).Draw(r, "random")
		got, more := nextAttempt(failed, asked, func() float64 { return random })
		if !more || got < min(asked, 24*time.Hour) || got < delays[failed-1]*8/10 || got > max(min(asked, 24*time.Hour), delays[failed-1]*12/10) {
			r.Fatalf("the next attempt is after %v, %v", got, more)
		}
	})
}

func TestRetryAfter_ReadsSecondsAndDates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "90000": 25 * time.Hour, "-1": 0, "1.5": 0, "soon": 0, "99999999999": math.MaxUint32 * time.Second, "99999999999999999999": math.MaxUint32 * time.Second, "-99999999999999999999": 0,
		"Mon, 30 Nov 2026 12:05:00 GMT": 5 * time.Minute, "Monday, 30-Nov-26 12:05:00 GMT": 5 * time.Minute,
		"Mon, 30 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q asks for %v, want %v", value, got, want)
		}
	}
}
