package domain

import (
	"strings"
	"time"
)

// maxExpiry is the last instant that RFC 3339 can write in UTC.
var maxExpiry = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// ParseExpiry parses an RFC 3339 time with any offset and returns it in UTC,
// truncated to seconds. It does not compare it with the current time;
// [KeySpec.Draft] and [KeyPatch.Revision] do. The zero time, which stands for
// no expiry there, is refused as being in the past.
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

// strictRFC3339 says whether s, which [time.Parse] took, keeps to RFC 3339
// where that does not (go.dev/issue/54580): an hour has two digits, a fraction
// begins with a point, an offset is at most 23:59.
func strictRFC3339(s string) bool {
	const afterHour = len("2006-01-02T15")
	if s[afterHour] != ':' || strings.Contains(s, ",") {
		return false
	}
	offset := s[len(s)-len("07:00"):]
	return strings.HasSuffix(s, "Z") || offset[:2] < "24" && offset[3:] < "60"
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
