package domain

import (
	"strings"
	"time"
)

// maxExpiry is the last second that RFC 3339 can represent in UTC.
var maxExpiry = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// ParseExpiry parses an RFC 3339 time with any offset and returns it in UTC, truncated
// to seconds. It does not compare the time with the current time; [KeySpec.Draft] and
// [KeyPatch.Revision] do. It rejects the zero time as being in the past, because to
// them the zero time means no expiry.
func ParseExpiry(s string) (time.Time, Faults) {
	s = strings.ToUpper(s) // RFC 3339 section 5.6 allows t and z in lower case
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || !strictRFC3339(s) {
		return time.Time{}, fault(ReasonFormat, RuleExpiryFormat)
	}
	if t = t.UTC().Truncate(time.Second); t.IsZero() {
		return time.Time{}, fault(ReasonInPast, RuleExpiryInPast)
	}
	return t, nil
}

// strictRFC3339 reports whether s, which [time.Parse] accepted, follows RFC 3339
// where time.Parse is lenient (go.dev/issue/54580): an hour has two digits, a
// fraction begins with a point, and an offset is at most 23:59.
func strictRFC3339(s string) bool {
	const afterHour = len("2006-01-02T15")
	if s[afterHour] != ':' || strings.Contains(s, ",") {
		return false
	}
	offset := s[len(s)-len("07:00"):]
	return strings.HasSuffix(s, "Z") || offset[:2] < "24" && offset[3:] < "60"
}

func checkExpiry(t, now time.Time) Faults {
	switch {
	case t.After(maxExpiry):
		return fault(ReasonRange, RuleExpiryRange)
	case !t.After(now):
		return fault(ReasonInPast, RuleExpiryInPast)
	}
	return nil
}
