package ports

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// UsageRecorder stores the last use of keys, counts of their checks and re-hashed
// digests on behalf of the permission check. It is best effort: losing a write is
// harmless. It writes no audit event, and a [ChangeFeed] does not report its changes.
//
// RecordUse and Rehash execute one statement (or one transaction), regardless of the
// length of their lists. Every method is safe for concurrent use. It returns an error
// that wraps [domain.ErrUnavailable] if the store cannot be reached or does not respond
// before ctx ends.
type UsageRecorder interface {
	// RecordUse records a batch. It ignores unknown and deleted keys. For at least a
	// day, recording the same batch again adds nothing to the counts, so that a call
	// whose response was lost can be repeated.
	RecordUse(ctx context.Context, batch UsageBatch) error

	// Rehash replaces digests with newer ones of the same secrets. It ignores a
	// digest that is no longer stored, so that a rotated secret never comes back.
	Rehash(ctx context.Context, replacements []domain.Rehash) error

	// Usage returns the recorded usage of a key. It need not check whether the key
	// exists.
	Usage(ctx context.Context, query UsageQuery) (Usage, error)

	// ForgetUsage removes up to limit counts of days more than [domain.KeptUsageDays]
	// before today, and up to limit each of the records of batches and of the uses in
	// grace periods from before yesterday. It returns the total number removed.
	ForgetUsage(ctx context.Context, today domain.Day, limit int) (removed int, err error)
}

// UsageBatch is the usage of many keys since the last batch. A time is recorded, in
// whole microseconds, unless a later one is already stored.
type UsageBatch struct {
	// ID identifies the batch and is unique.
	ID string
	// Day is the day on which the batch was made.
	Day domain.Day
	// LastUsed is the last use of each key.
	LastUsed map[domain.KeyID]time.Time
	// Checks are added to what was counted before; each is at least 1.
	Checks map[CheckCount]int64
	// Scopes is the last use of scopes of keys.
	Scopes map[ScopeOfKey]time.Time
	// Previous is the last use of secrets in their grace period.
	Previous map[PreviousSecret]time.Time
}

// CheckCount identifies a count of checks.
type CheckCount struct {
	KeyID   domain.KeyID
	Day     domain.Day
	Verdict domain.Verdict
}

// ScopeOfKey is a scope of a key.
type ScopeOfKey struct {
	KeyID domain.KeyID
	Scope domain.Scope
}

// PreviousSecret identifies a secret in its grace period by the end of that period,
// which is in UTC and whole microseconds.
type PreviousSecret struct {
	KeyID      domain.KeyID
	ValidUntil time.Time
}

// UsageQuery selects the usage of a key.
type UsageQuery struct {
	KeyID domain.KeyID
	Days  domain.DayRange
	// PreviousValidUntil identifies the previous secret; zero if there is none.
	PreviousValidUntil time.Time
}

// Usage is the recorded usage of a key.
type Usage struct {
	Checks       map[CheckCount]int64       // for the requested days; only counts above 0
	Scopes       map[domain.Scope]time.Time // the last use of scopes, even of former ones
	PreviousUsed time.Time                  // the last use of the previous secret, or zero
}
