package bench

import (
	"fmt"
	"slices"
	"testing"
)

// BenchmarkCreateCrowded compares creation over HTTP in one workspace, on PostgreSQL, with bare
// transactions that count keys, which wait for each other as well, and with bare transactions that
// do not. It also compares creation with and without idempotency keys. The amount of work is fixed;
// -benchtime can only repeat it.
func BenchmarkCreateCrowded(b *testing.B) {
	engine := engines[slices.IndexFunc(engines, func(e engine) bool { return e.name == "postgres" })]
	newDatabase := engine.durable(b)
	p, service := newPair(b, engine, newDatabase)
	uncounted := newUncounted(b, engine, migrated(b, newDatabase(b)))
	for _, clients := range []int{targetClients, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			keys := keysFor(clients)
			var turns [][]turn
			for b.Loop() {
				turns = interleave(b, entrant{p.bare, clients, keys}, entrant{uncounted, clients, keys}, entrant{p.service, clients, keys}, entrant{idempotent{service}, clients, keys})
			}
			counting := newResult(clients, turns[0], turns[2], turn.rate)
			bare := newResult(clients, turns[1], turns[2], turn.rate)
			keyed := newResult(clients, turns[2], turns[3], turn.rate)
			if n := service.unavailable.Swap(0); n > 0 {
				b.Errorf("%d creations were refused with 503", n)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(counting.ratio(), "ratio")
			b.ReportMetric(bare.ratio(), "ratio-uncounted")
			b.ReportMetric(counting.bare.rate, "bare/s")
			b.ReportMetric(bare.bare.rate, "uncounted/s")
			b.ReportMetric(bare.service.rate, "service/s")
			b.ReportMetric(keyed.ratio(), "ratio-idempotent")
			b.ReportMetric(keyed.service.rate, "idempotent/s")
			b.ReportMetric(micros(keyed.service.p99), "idempotent-p99-µs")
			b.ReportMetric(micros(bare.service.p50), "p50-µs")
			b.ReportMetric(micros(bare.service.p99), "p99-µs")
		})
	}
}
