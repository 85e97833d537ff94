package domain

import "time"

// LimitState is the state of a limit after a check.
type LimitState struct {
	Limit Limit
	// Remaining is what is left of the limit in the current window: its maximum, minus
	// what the store has granted to all replicas as last seen, plus what this replica
	// holds.
	Remaining int64
	// Start is the start of the current window. It is zero in the result of a remote check.
	Start time.Time
	// Reset is the time until the window ends. It is negative if it does not end.
	Reset time.Duration
}

// ResetSeconds returns Reset in seconds, rounded up, and false if the window does not
// end.
func (s LimitState) ResetSeconds() (int64, bool) {
	if s.Reset < 0 {
		return 0, false
	}
	return int64((s.Reset + time.Second - 1) / time.Second), true
}

// WindowSeconds returns the length of the current window in seconds, and false if it
// does not end or is not known.
func (s LimitState) WindowSeconds() (int64, bool) {
	if s.Limit.Window == (Window{}) {
		return 0, false
	}
	end := s.Limit.Window.End(s.Start)
	if end.IsZero() {
		return 0, false
	}
	return int64(end.Sub(s.Start) / time.Second), true
}

// Refused returns the verdict of a check that this limit refuses.
func (l Limit) Refused() Verdict {
	if l.IsQuota() {
		return VerdictQuotaExceeded
	}
	return VerdictRateLimited
}

// RetryAfter returns the time until every limit that has too little left for cost
// begins a new window. It returns false if no limit has too little left, or if one of
// those never begins a new window.
func (d Decision) RetryAfter(cost Cost) (wait time.Duration, ok bool) {
	for _, state := range d.Limits {
		if state.Remaining >= cost.Need() {
			continue
		}
		if state.Reset < 0 {
			return 0, false
		}
		wait, ok = max(wait, state.Reset), true
	}
	return wait, ok
}
