package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/config"
)

// reportf reports that a case has failed, like [testing.T.Errorf].
type reportf func(format string, args ...any)

// counted runs a case that counts exactly, and reports to t what it reports. If a store
// takes longer than 500 ms to grant a share of a limit, that is an outage, and what it
// has granted is lost. This happens on a starved machine, so a case that fails after it
// is repeated; run returns whether it happened, and must start from nothing.
func counted(t *testing.T, run func(report reportf) (missed bool)) {
	t.Helper()
	var problems []string
	for range 20 {
		problems = nil
		missed := run(func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) })
		if len(problems) == 0 || !missed {
			break
		}
		t.Logf("repeated, because the store took too long to grant a share of a limit")
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

// countedOnEveryStore runs a case that counts exactly on each store.
func countedOnEveryStore(t *testing.T, run func(t *testing.T, w *world, report reportf)) {
	t.Helper()
	t.Parallel()
	for name, url := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counted(t, func(report reportf) (missed bool) {
				w := newReadyWorld(t, func(cfg *config.Config) { cfg.DatabaseURL = config.Secret(url(t)) })
				run(t, w, report)
				return w.missedALease(t)
			})
		})
	}
}

// missedALease reports whether a request to the store for a share of a limit has failed.
func (w *world) missedALease(t *testing.T) bool {
	t.Helper()
	metrics := do(t, request{method: http.MethodGet, url: w.internal + "/metrics"}).body
	if !strings.Contains(metrics, "\napikeys_limit_lease_failures_total ") {
		t.Fatal("the metrics lack the leases that failed")
	}
	return !strings.Contains(metrics, "\napikeys_limit_lease_failures_total 0\n")
}
