package domain_test

import (
	"math"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func TestParseMode(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		1: "LIVE", 2: "TEST",
		0: "", 3: "", -1: "", 257: "", 258: "", math.MaxInt64: "", math.MinInt64: "", 1 + 1<<32: "",
	} {
		mode, faults := domain.ParseMode(n)
		if want == "" {
			wantFaults(t, faults, rejected(domain.ReasonRange, domain.RuleModeRange))
		}
		if mode.String() != want || (faults == nil) != (want != "") {
			t.Errorf("%d: %q, %v; want %q", n, mode, faults, want)
		}
	}
}
