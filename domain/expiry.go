package domain

import (
	"strings"
	"time"
)

// maxExpiry is the last instant that RFC 3339 can write in UTC.
var maxExpiry = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// ParseExpiry reads an RFC 3339 instant with any offset, cuts its fraction of
// a second, and returns it in UTC. It must be after now.
func ParseExpiry(s string, now time.Time) (time.Time, Faults) {
	var t time.Time
	// RFC 3339 section 5.6 lets T and Z be written in lower case; UnmarshalText,
	// unlike time.Parse, holds to the rest of the grammar.
	if err := t.UnmarshalText([]byte(strings.ToUpper(s))); err != nil {
		return time.Time{}, fault(ReasonFormat, RuleExpiryFormat)
	}
	t = t.UTC().Truncate(time.Second)
	return t, judgeExpiry(t, now)
}

func judgeExpiry(t, now time.Time) Faults {
	switch {
	case t.After(maxExpiry):
		return fault(ReasonRange, RuleExpiryRange)
	case !t.After(now):
		return fault(ReasonInPast, RuleExpiryInPast)
	}
	return nil
}
