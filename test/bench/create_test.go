package bench

import (
	"fmt"
	"os"
	"testing"
)

// The target, and the number of clients for which it is set.
const (
	targetClients = 16
	targetRatio   = 0.40
)

// BenchmarkCreate compares creation over HTTP with a bare transaction that writes the
// same rows with the same driver. The amount of work is fixed; -benchtime can only
// repeat it.
func BenchmarkCreate(b *testing.B) {
	var results []result
	for _, engine := range engines {
		b.Run("store="+engine.name, func(b *testing.B) {
			pair, service := newPair(b, engine, engine.durable(b))
			for _, clients := range []int{1, targetClients, 64} {
				b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
					var r result
					for b.Loop() {
						r = compare(b, pair, clients)
					}
					r.engine = engine.name
					r.unavailable = service.unavailable.Swap(0)
					r.report(b)
					results = append(results, r)
				})
			}
		})
	}
	if err := printTable(os.Stdout, results); err != nil {
		b.Fatal(err)
	}
}

func (r result) report(b *testing.B) {
	b.ReportMetric(0, "ns/op") // meaningless for all rounds together
	b.ReportMetric(r.ratio(), "ratio")
	b.ReportMetric(r.bare.rate, "bare/s")
	b.ReportMetric(r.service.rate, "service/s")
	b.ReportMetric(micros(r.service.p50), "p50-µs")
	b.ReportMetric(micros(r.service.p99), "p99-µs")
}
