package domain

import "time"

// Limits of the usage of a key.
const (
	MaxUsageDays     = 92  // in one response
	DefaultUsageDays = 30  // in a response, including today
	KeptUsageDays    = 400 // for which counts are kept
)

// Day is a day in UTC, counted from 1970-01-01, which is 0.
type Day int64

// DayOf returns the day that contains at.
func DayOf(at time.Time) Day { return Day(floor(at.Unix(), secondsOfDay) / secondsOfDay) }

// ParseDay returns the day of a date such as "2026-03-01".
func ParseDay(s string) (Day, Faults) {
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fault(ReasonFormat, RuleDayFormat)
	}
	return DayOf(at), nil
}

// String returns the date of the day, such as "2026-03-01".
func (d Day) String() string { return d.Start().Format(time.DateOnly) }

// Start returns the time at which the day starts.
func (d Day) Start() time.Time { return time.Unix(int64(d)*secondsOfDay, 0).UTC() }

// DayRange is a range of days, both inclusive.
type DayRange struct{ From, To Day }

// LastDays returns the range that is used if none is given: the last 30 days, including
// the day of now.
func LastDays(now time.Time) DayRange {
	today := DayOf(now)
	return DayRange{From: today - DefaultUsageDays + 1, To: today}
}

// NewDayRange returns the range between two days, which has 1 to [MaxUsageDays] days and
// does not end after the day of now.
func NewDayRange(from, to Day, now time.Time) (DayRange, Faults) {
	var faults Faults
	if today := DayOf(now); to > today {
		faults = fault(ReasonRange, RuleDayRange).At("to")
	}
	if from > to || to-from >= MaxUsageDays {
		faults = append(fault(ReasonRange, RuleDayRange).At("from"), faults...)
	}
	if faults != nil {
		return DayRange{}, faults
	}
	return DayRange{From: from, To: to}, nil
}

// KeyUsage is the usage of a key.
type KeyUsage struct {
	Days   []DayUsage   // every day of the range, in order
	Scopes []ScopeUsage // the scopes of the key, in their order
	// PreviousSecret describes the secret that the last rotation replaced. It is nil if
	// that secret no longer works.
	PreviousSecret *SecretUsage
}

// DayUsage counts the checks of one day that proved a secret of the key, whatever
// their cost, except those of cost 0.
type DayUsage struct {
	Day     Day
	Allowed int64
	Denied  map[Verdict]int64 // by reason; without those that did not occur
}

// ScopeUsage is the last use of a scope.
type ScopeUsage struct {
	Scope      Scope
	LastUsedAt time.Time // of an allowed check that requested it; zero if never
}

// SecretUsage is the last use of a secret in its grace period.
type SecretUsage struct {
	ValidUntil time.Time // the end of the grace period
	LastUsedAt time.Time // since the rotation; zero if never
}

// PreviousValidUntil returns the end of the grace period of the previous secret, or the
// zero time if there is none or it has ended by now.
func (k *APIKey) PreviousValidUntil(now time.Time) time.Time {
	if len(k.s.Secrets) < 2 || k.s.Secrets[1] == UnreadableSecret() || ended(k.s.Secrets[1].ValidUntil, now) {
		return time.Time{}
	}
	return k.s.Secrets[1].ValidUntil
}
