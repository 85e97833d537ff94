package domain

import "time"

// LimitState is the state of a limit after a check.
type LimitState struct {
	Limit Limit
	// Remaining is what is left of the limit in the current window: its maximum minus
	// what is granted to all replicas, as last seen, plus what this replica holds.
	Remaining int64
	// Reset is the time until the window ends. It is negative if it does not end.
	Reset time.Duration
}
