package domain

import (
	"strconv"
	"strings"
	"time"
)

// Bounds of limits.
const (
	MaxRateLimits            = 5                 // of one key
	MaxLimitNameLength       = 32                // in characters
	MaxRateLimit             = 1_000_000_000     // per window
	MaxQuota                 = 1_000_000_000_000 // per period
	MaxWindowSeconds         = 86_400
	quotaName                = "quota"
	secondsOfDay       int64 = 86_400
)

// RateLimitSpec describes a rate limit in plain values. [ParseRateLimits] validates
// it.
type RateLimitSpec struct {
	Name          string // 1 to 32 of a-z 0-9 _ -, unique within the key, not "quota"
	Limit         int64  // checks per window, 1 to 1,000,000,000
	WindowSeconds int64  // 1 to 86,400
}

// QuotaSpec describes a quota in plain values. [ParseQuota] validates it.
type QuotaSpec struct {
	Limit  int64  // checks per period, 1 to 1,000,000,000,000
	Period string // DAY, MONTH or TOTAL
}

// Limit bounds what a key may spend within one window. The bucket of a limit is
// identified by its name and window, not by its maximum: what was spent stays spent
// when the maximum changes.
type Limit struct {
	// Name is the name of a rate limit, or "quota".
	Name string
	// Max is the maximum that may be spent within one window.
	Max int64
	// Window is the window in which spending is counted.
	Window Window
}

// String returns the form in which the audit trail shows the limit, such as
// "default=100/60s" or, for a quota, "100000/MONTH".
func (l Limit) String() string {
	most := strconv.FormatInt(l.Max, 10)
	if l.IsQuota() {
		return most + "/" + l.Window.String()
	}
	return l.Name + "=" + most + "/" + l.Window.String() + "s"
}

// IsQuota reports whether the limit is a quota rather than a rate limit.
func (l Limit) IsQuota() bool { return l.Name == quotaName }

// Window is the time in which a limit counts: fixed windows that start at multiples
// of their length since the Unix epoch, calendar months in UTC, or all time. The zero
// value is not a window.
type Window struct {
	seconds int64
	period  Period // empty for a rate limit
}

// Equal reports whether w and other are the same window.
func (w Window) Equal(other Window) bool { return w == other }

// Period is the period of a quota.
type Period string

// The periods.
const (
	PeriodDay   Period = "DAY"   // a calendar day in UTC
	PeriodMonth Period = "MONTH" // a calendar month in UTC
	PeriodTotal Period = "TOTAL" // all time
)

// Seconds returns the length of a rate limit's window in seconds, or 0 for a quota.
func (w Window) Seconds() int64 {
	if w.period != "" {
		return 0
	}
	return w.seconds
}

// Period returns the period of a quota, or an empty string for a rate limit.
func (w Window) Period() Period { return w.period }

// String returns the form in which stores keep the window: the number of seconds, or
// the period.
func (w Window) String() string {
	if w.period != "" {
		return string(w.period)
	}
	return strconv.FormatInt(w.seconds, 10)
}

// Start returns the start of the window that contains at. The window TOTAL starts at
// the Unix epoch.
func (w Window) Start(at time.Time) time.Time {
	at = at.UTC()
	switch w.period {
	case PeriodTotal:
		return time.Unix(0, 0).UTC()
	case PeriodMonth:
		return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Unix(floor(at.Unix(), w.Length()), 0).UTC()
}

// End returns the end of the window that starts at start, or the zero time if it does
// not end.
func (w Window) End(start time.Time) time.Time {
	switch w.period {
	case PeriodTotal:
		return time.Time{}
	case PeriodMonth:
		return start.UTC().AddDate(0, 1, 0)
	}
	return start.UTC().Add(time.Duration(w.Length()) * time.Second)
}

// Length returns the length of the window in seconds, or 0 for MONTH and TOTAL, which
// have no fixed length.
func (w Window) Length() int64 {
	if w.period == PeriodDay {
		return secondsOfDay
	}
	return w.seconds
}

// floor returns the largest multiple of n that is not larger than x.
func floor(x, n int64) int64 {
	if r := x % n; r < 0 {
		return x - r - n
	}
	return x - x%n
}

// ParseRateLimits returns the limits that specs describe, in order, or all their
// faults by index: [0].name, [0].limit, [0].windowSeconds.
func ParseRateLimits(specs []RateLimitSpec) ([]Limit, Faults) {
	var faults Faults
	if len(specs) > MaxRateLimits {
		faults = fault(ReasonTooMany, RuleRateLimitsTooMany)
		specs = specs[:MaxRateLimits]
	}
	limits := make([]Limit, 0, len(specs))
	for i, spec := range specs {
		limit, f := parseRateLimit(spec, limits)
		faults = append(faults, f.At("["+strconv.Itoa(i)+"]")...)
		limits = append(limits, limit)
	}
	if faults != nil {
		return nil, faults
	}
	return limits, nil
}

func parseRateLimit(spec RateLimitSpec, before []Limit) (Limit, Faults) {
	faults := checkLimitName(spec.Name, before).At(".name")
	if spec.Limit < 1 || spec.Limit > MaxRateLimit {
		faults = append(faults, fault(ReasonRange, RuleRateLimitRange).At(".limit")...)
	}
	if spec.WindowSeconds < 1 || spec.WindowSeconds > MaxWindowSeconds {
		faults = append(faults, fault(ReasonRange, RuleWindowRange).At(".windowSeconds")...)
	}
	return Limit{Name: spec.Name, Max: spec.Limit, Window: Window{seconds: spec.WindowSeconds}}, faults
}

func checkLimitName(name string, before []Limit) Faults {
	switch {
	case name == "" || len(name) > MaxLimitNameLength:
		return fault(ReasonLength, RuleLimitNameLength)
	case strings.ContainsFunc(name, isNoLimitNameCharacter):
		return fault(ReasonCharacters, RuleLimitNameCharacters)
	case name == quotaName:
		return fault(ReasonFormat, RuleLimitNameQuota)
	}
	for _, limit := range before {
		if limit.Name == name {
			return fault(ReasonDuplicateField, RuleLimitNameUnique)
		}
	}
	return nil
}

func isNoLimitNameCharacter(c rune) bool {
	return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-'
}

// ParseWindow returns the window with the given [Window.String], and reports whether
// there is one.
func ParseWindow(s string) (Window, bool) {
	if w, ok := windowOf(Period(s)); ok {
		return w, true
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	if err != nil || seconds < 1 || seconds > MaxWindowSeconds {
		return Window{}, false
	}
	return Window{seconds: seconds}, true
}

// ParseQuota returns the limit that spec describes, or all its faults by field: limit,
// period.
func ParseQuota(spec QuotaSpec) (Limit, Faults) {
	var faults Faults
	if spec.Limit < 1 || spec.Limit > MaxQuota {
		faults = append(faults, fault(ReasonRange, RuleQuotaRange).At("limit")...)
	}
	window, ok := windowOf(Period(spec.Period))
	if !ok {
		faults = append(faults, fault(ReasonFormat, RulePeriod).At("period")...)
	}
	if faults != nil {
		return Limit{}, faults
	}
	return Limit{Name: quotaName, Max: spec.Limit, Window: window}, nil
}

func windowOf(period Period) (Window, bool) {
	switch period {
	case PeriodDay, PeriodMonth, PeriodTotal:
		return Window{period: period}, true
	}
	return Window{}, false
}
