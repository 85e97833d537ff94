package telemetry_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func TestEndCheck_CountsByVerdict(t *testing.T) {
	t.Parallel()
	m := attached(t, sources())
	lost := errors.New("lost")
	for _, c := range []struct {
		verdict domain.Verdict
		err     error
		times   int
	}{
		{domain.VerdictOK, nil, 1},
		{domain.VerdictNotFound, nil, 2},
		{domain.VerdictDisabled, nil, 3},
		{domain.VerdictExpired, nil, 4},
		{domain.VerdictIPNotAllowed, nil, 5},
		{domain.VerdictInsufficientScope, nil, 6},
		{domain.VerdictNotFound, lost, 7},
		{"A_FUTURE_VERDICT", nil, 8},
		{"", nil, 9},
	} {
		for range c.times {
			m.EndCheck(m.BeginCheck(), c.verdict, c.err)
		}
	}
	expect(t, scrape(t, m),
		`apikeys_checks_total{verdict="OK"} 1`,
		`apikeys_checks_total{verdict="NOT_FOUND"} 2`,
		`apikeys_checks_total{verdict="DISABLED"} 3`,
		`apikeys_checks_total{verdict="EXPIRED"} 4`,
		`apikeys_checks_total{verdict="IP_NOT_ALLOWED"} 5`,
		`apikeys_checks_total{verdict="INSUFFICIENT_SCOPE"} 6`,
		`apikeys_checks_total{verdict="error"} 24`)
}

func TestEndCheck_CountsConcurrentChecksExactly(t *testing.T) {
	t.Parallel()
	m := attached(t, sources())
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 2000 {
				m.EndCheck(m.BeginCheck(), domain.VerdictOK, nil)
			}
		})
	}
	wg.Wait()
	expect(t, scrape(t, m), `apikeys_checks_total{verdict="OK"} 100000`)
}

func TestEndCheck_TimesOneIn64(t *testing.T) {
	t.Parallel()
	m := attached(t, sources())
	const checks = 64 * 1000
	for range checks {
		m.EndCheck(m.BeginCheck(), domain.VerdictOK, nil)
	}
	for _, s := range samples(t, scrape(t, m)) {
		// Within fifteen standard deviations.
		if s.name == "apikeys_check_duration_seconds_count" && (s.value < 500 || s.value > 1500) {
			t.Errorf("%v of %d checks were timed, want about 1000", s.value, checks)
		}
		if s.name == "apikeys_check_duration_seconds_sum" && (s.value <= 0 || s.value > 60) {
			t.Errorf("they took %v s", s.value)
		}
	}
}

// Not parallel, because AllocsPerRun counts for the whole process.
func TestEndCheck_DoesNotAllocate(t *testing.T) {
	m := attached(t, sources())
	if n := testing.AllocsPerRun(1000, func() { m.EndCheck(m.BeginCheck(), domain.VerdictOK, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
