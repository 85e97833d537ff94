package domain_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestElapsed_IsTheLargerOfBothClocks(t *testing.T) {
	t.Parallel()
	since := time.Now()
	for name, c := range map[string]struct {
		now  time.Time
		want time.Duration
	}{
		"both clocks agree":                  {since.Add(time.Minute), time.Minute},
		"the machine was suspended":          {since.Add(time.Hour).Round(0), time.Hour},
		"the clocks have no monotonic time":  {since.Round(0).Add(time.Second), time.Second},
		"the clock was set back, without it": {since.Round(0).Add(-time.Hour), -time.Hour},
	} {
		if got := domain.Elapsed(since, c.now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
