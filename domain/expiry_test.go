package domain_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

// expiryOf parses s and validates it as the expiry of a new key at now.
func expiryOf(s string, now time.Time) (time.Time, domain.Faults) {
	at, faults := domain.ParseExpiry(s)
	if faults != nil {
		return time.Time{}, faults
	}
	draft, faults := domain.KeySpec{Name: "k", ExpiresAt: at}.Draft("ws", now)
	for i := range faults {
		faults[i].Field = strings.TrimPrefix(faults[i].Field, "expiresAt")
	}
	return draft.ExpiresAt, faults
}

func TestParseExpiry_AcceptsRFC3339(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"UTC":                               {"2030-01-31T09:30:00Z", "2030-01-31T09:30:00Z"},
		"an offset east":                    {"2030-01-31T09:30:00+05:30", "2030-01-31T04:00:00Z"},
		"an offset west":                    {"2030-01-31T20:00:00-08:00", "2030-02-01T04:00:00Z"},
		"the unknown offset of section 4.3": {"2030-01-31T09:30:00-00:00", "2030-01-31T09:30:00Z"},
		"lower case, section 5.6":           {"2030-01-31t09:30:00z", "2030-01-31T09:30:00Z"},
		"a fraction is truncated":           {"2030-01-31T09:30:00.999999999Z", "2030-01-31T09:30:00Z"},
		"a fraction of one digit":           {"2030-01-31T09:30:00.9Z", "2030-01-31T09:30:00Z"},
		"a fraction finer than nanoseconds": {"2030-01-31T09:30:00.9999999999999Z", "2030-01-31T09:30:00Z"},
		"a leap day":                        {"2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"},
		"one second from now":               {"2026-03-21T12:00:01Z", "2026-03-21T12:00:01Z"},
		"the last second of the year 9999":  {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
		"the last second, with a fraction":  {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59Z"},
		"the last second, far east":         {"9999-12-31T23:59:59+23:59", "9999-12-31T00:00:59Z"},
		"an offset into a leap day":         {"2028-03-01T00:30:00+01:00", "2028-02-29T23:30:00Z"},
		"in the future by its offset":       {"2026-03-21T05:00:00-08:00", "2026-03-21T13:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, faults := expiryOf(tc.in, now)
			wantFaults(t, faults, nil)
			if s := got.Format(time.RFC3339Nano); s != tc.want || got.Location() != time.UTC {
				t.Errorf("got %s in %s, want %s", s, got.Location(), tc.want)
			}
		})
	}
}

func TestParseExpiry_RejectsTheRest(t *testing.T) {
	t.Parallel()
	format := rejected(domain.ReasonFormat, domain.RuleExpiryFormat)
	past := rejected(domain.ReasonInPast, domain.RuleExpiryInPast)
	outside := rejected(domain.ReasonRange, domain.RuleExpiryRange)
	for name, tc := range map[string]struct {
		in   string
		want domain.Faults
	}{
		"empty":                              {"", format},
		"only a date":                        {"2030-01-31", format},
		"no offset":                          {"2030-01-31T09:30:00", format},
		"no seconds":                         {"2030-01-31T09:30Z", format},
		"a space instead of T":               {"2030-01-31 09:30:00Z", format},
		"an offset without a colon":          {"2030-01-31T09:30:00+0530", format},
		"an offset without minutes":          {"2030-01-31T09:30:00+05", format},
		"an offset of 24 hours":              {"2030-01-31T09:30:00+24:00", format},
		"an offset of 60 minutes":            {"2030-01-31T09:30:00+05:60", format},
		"a comma before the fraction":        {"2030-01-31T09:30:00,5Z", format},
		"a point without a fraction":         {"2030-01-31T09:30:00.Z", format},
		"a leap second":                      {"2030-06-30T23:59:60Z", format},
		"24 o'clock":                         {"2030-01-31T24:00:00Z", format},
		"an hour of one digit":               {"2030-01-31T9:30:00Z", format},
		"the 30th of February":               {"2030-02-30T00:00:00Z", format},
		"a leap day in a common year":        {"2030-02-29T00:00:00Z", format},
		"the 13th month":                     {"2030-13-01T00:00:00Z", format},
		"a year of two digits":               {"30-01-31T00:00:00Z", format},
		"a year of five digits":              {"12030-01-31T00:00:00Z", format},
		"a sign before the year":             {"+2030-01-31T00:00:00Z", format},
		"white space around":                 {" 2030-01-31T09:30:00Z", format},
		"a line end":                         {"2030-01-31T09:30:00Z\n", format},
		"a week date":                        {"2030-W05-4T09:30:00Z", format},
		"seconds since 1970":                 {"1900000000", format},
		"the name of a zone":                 {"2030-01-31T09:30:00 UTC", format},
		"full-width digits":                  {"２030-01-31T09:30:00Z", format},
		"a Unicode minus sign":               {"2030−01−31T09:30:00Z", format},
		"a megabyte":                         {strings.Repeat("2030-01-31T09:30:00Z", 1<<20/20), format},
		"long ago":                           {"0000-01-01T00:00:00Z", past},
		"before the year 0":                  {"0000-01-01T00:00:00+23:59", past},
		"the current second":                 {"2026-03-21T12:00:00Z", past},
		"only its fraction is in the future": {"2026-03-21T12:00:00.999Z", past},
		"in the past by its offset":          {"2026-03-21T20:00:00+08:00", past},
		"after 9999 by its offset":           {"9999-12-31T23:59:59-00:01", outside},
		"well after 9999 by its offset":      {"9999-12-31T23:59:59-23:59", outside},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, faults := expiryOf(tc.in, now)
			wantFaults(t, faults, tc.want)
		})
	}
}

func TestParseExpiry_RejectsNow(t *testing.T) {
	t.Parallel()
	whole := now.Truncate(time.Second)
	_, faults := expiryOf("2026-03-21T12:00:00Z", whole)
	wantFaults(t, faults, rejected(domain.ReasonInPast, domain.RuleExpiryInPast))
	_, faults = expiryOf("2026-03-21T12:00:00Z", whole.Add(-time.Nanosecond))
	wantFaults(t, faults, nil)
}

func TestParseExpiry_AcceptsEveryTimeInEveryOffset(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := now.Add(time.Duration(rapid.Int64Range(1e9, 200*365*24*3600*1e9).Draw(t, "ahead")))
		zone := time.FixedZone("", 60*rapid.IntRange(-23*60-59, 23*60+59).Draw(t, "offset"))
		got, faults := expiryOf(want.In(zone).Format(time.RFC3339Nano), now)
		if faults != nil || !got.Equal(want.Truncate(time.Second)) {
			t.Fatalf("%s became %s, %v", want.In(zone), got, faults)
		}
	})
}

// FuzzParseExpiry checks that an accepted expiry is in the future, in UTC and
// truncated to seconds, and that formatting and parsing it yields the same time.
func FuzzParseExpiry(f *testing.F) {
	for _, s := range []string{"2030-01-31T09:30:00.5+05:30", "2030-01-31t09:30:00z", "9999-12-31T23:59:59-23:59", "2030-06-30T23:59:60Z", "2026-03-21T12:00:00.9Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		expiry, faults := expiryOf(s, now)
		if faults != nil {
			return
		}
		if !expiry.After(now) || expiry.Nanosecond() != 0 || expiry.Location() != time.UTC || expiry.Year() > 9999 {
			t.Fatalf("%q became %s", s, expiry)
		}
		if again, faults := expiryOf(expiry.Format(time.RFC3339), now); faults != nil || !again.Equal(expiry) {
			t.Fatalf("%q became %s, and that %s, %v", s, expiry, again, faults)
		}
	})
}
