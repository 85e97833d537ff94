package domain

import "time"

// Elapsed returns the larger of the monotonic and the wall-clock time from since
// to now. The monotonic clock stops while the machine is suspended; the wall clock
// can be set back. Both times must be in the years from 1678 to 2262.
func Elapsed(since, now time.Time) time.Duration {
	return max(now.Sub(since), time.Duration(now.UnixNano()-since.UnixNano()))
}
