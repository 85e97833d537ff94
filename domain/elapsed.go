package domain

import "time"

// Elapsed returns the larger of the monotonic and the wall-clock time from since
// to now. The monotonic clock stops while the machine is suspended; the wall clock
// can be set back.
func Elapsed(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}
