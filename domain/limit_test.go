package domain

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseRateLimits_KeepsTheirOrder(t *testing.T) {
	t.Parallel()
	limits, faults := ParseRateLimits([]RateLimitSpec{
		{Name: "second", Limit: 1, WindowSeconds: 1},
		{Name: strings.Repeat("a", 32), Limit: 1_000_000_000, WindowSeconds: 86_400},
		{Name: "a-b_9", Limit: 100, WindowSeconds: 60},
	})
	if faults != nil || len(limits) != 3 {
		t.Fatalf("limits %v, faults %v", limits, faults)
	}
	got := limits[2]
	if got.Name != "a-b_9" || got.Max != 100 || got.Window.Seconds() != 60 || got.IsQuota() {
		t.Errorf("got %+v", got)
	}
}

func TestParseRateLimits_ReturnsAllFaults(t *testing.T) {
	t.Parallel()
	valid := RateLimitSpec{Name: "a", Limit: 1, WindowSeconds: 1}
	named := func(name string) RateLimitSpec { return RateLimitSpec{Name: name, Limit: 1, WindowSeconds: 1} }
	for name, tc := range map[string]struct {
		specs []RateLimitSpec
		want  []string
	}{
		"no values": {[]RateLimitSpec{{}}, []string{"[0].name length", "[0].limit range", "[0].windowSeconds range"}},
		"too large": {
			[]RateLimitSpec{{strings.Repeat("a", 33), 1_000_000_001, 86_401}},
			[]string{"[0].name length", "[0].limit range", "[0].windowSeconds range"},
		},
		"negative":            {[]RateLimitSpec{{"a", -1, -1}}, []string{"[0].limit range", "[0].windowSeconds range"}},
		"upper case":          {[]RateLimitSpec{named("A")}, []string{"[0].name characters"}},
		"a letter inside":     {[]RateLimitSpec{named("aéa")}, []string{"[0].name characters"}},
		"white space":         {[]RateLimitSpec{named("a a")}, []string{"[0].name characters"}},
		"the quota's name":    {[]RateLimitSpec{named("quota")}, []string{"[0].name format"}},
		"a duplicate name":    {[]RateLimitSpec{valid, named("b"), valid}, []string{"[2].name duplicate_field"}},
		"two empty names":     {[]RateLimitSpec{named(""), named("")}, []string{"[0].name length", "[1].name length"}},
		"more than five":      {[]RateLimitSpec{named("a"), named("b"), named("c"), named("d"), named("e"), named("f")}, []string{" too_many"}},
		"invalid after valid": {[]RateLimitSpec{valid, {"b", 0, 1}}, []string{"[1].limit range"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits, faults := ParseRateLimits(tc.specs)
			if got := spellings(faults); !slices.Equal(got, tc.want) {
				t.Errorf("faults %q, want %q", got, tc.want)
			}
			if limits != nil {
				t.Errorf("limits %v beside faults", limits)
			}
		})
	}
}

func TestParseQuota(t *testing.T) {
	t.Parallel()
	for _, period := range []string{"DAY", "MONTH", "TOTAL"} {
		quota, faults := ParseQuota(QuotaSpec{Limit: 1_000_000_000_000, Period: period})
		if faults != nil || !quota.IsQuota() || quota.Window.String() != period || quota.Window.Seconds() != 0 {
			t.Errorf("%s: quota %+v, faults %v", period, quota, faults)
		}
	}
	for _, tc := range []struct {
		spec QuotaSpec
		want []string
	}{
		{QuotaSpec{}, []string{"limit range", "period format"}},
		{QuotaSpec{1_000_000_000_001, "day"}, []string{"limit range", "period format"}},
		{QuotaSpec{1, "WEEK"}, []string{"period format"}},
		{QuotaSpec{0, "DAY"}, []string{"limit range"}},
	} {
		if _, faults := ParseQuota(tc.spec); !slices.Equal(spellings(faults), tc.want) {
			t.Errorf("%+v: faults %q, want %q", tc.spec, spellings(faults), tc.want)
		}
	}
}

func spellings(faults Faults) (list []string) {
	for _, f := range faults {
		list = append(list, f.Field+" "+string(f.Reason))
	}
	return list
}

func TestWindow_HoldsTheTimesFromItsStartToItsEnd(t *testing.T) {
	t.Parallel()
	parse := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tc := range []struct{ window, at, start, end string }{
		{"1", "2026-03-21T10:11:12.999999999Z", "2026-03-21T10:11:12Z", "2026-03-21T10:11:13Z"},
		{"60", "2026-03-21T10:11:00Z", "2026-03-21T10:11:00Z", "2026-03-21T10:12:00Z"},
		{"7", "1970-01-01T00:00:13Z", "1970-01-01T00:00:07Z", "1970-01-01T00:00:14Z"},
		{"7", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:53Z", "1970-01-01T00:00:00Z"},
		{"86400", "2026-03-21T23:59:59Z", "2026-03-21T00:00:00Z", "2026-03-22T00:00:00Z"},
		{"DAY", "2026-03-21T23:30:00-01:00", "2026-03-22T00:00:00Z", "2026-03-23T00:00:00Z"},
		{"MONTH", "2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"MONTH", "2026-12-31T23:30:00-01:00", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"},
		{"TOTAL", "2026-03-21T10:11:12Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
	} {
		window, ok := ParseWindow(tc.window)
		if !ok || window.String() != tc.window {
			t.Fatalf("ParseWindow(%s) = %v, %t", tc.window, window, ok)
		}
		start := window.Start(parse(tc.at))
		if end := window.End(start); !start.Equal(parse(tc.start)) || !end.Equal(parse(tc.end)) {
			t.Errorf("window %s at %s is %s to %s, want %s to %s", tc.window, tc.at, start, end, tc.start, tc.end)
		}
	}
	for _, s := range []string{"", "0", "-1", "86401", "1.5", "day", "YEAR", "99999999999999999999"} {
		if window, ok := ParseWindow(s); ok {
			t.Errorf("ParseWindow(%q) = %v", s, window)
		}
	}
}
