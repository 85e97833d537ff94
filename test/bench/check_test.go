package bench

import (
	"fmt"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// targetCheck is how many times as long as the bare HMAC a check may take.
const targetCheck = 3.0

// BenchmarkCheck compares Service.Authorize for cached keys with its only necessary
// cost, an HMAC-SHA-256 of the secret with a reused state. The amount of work is
// fixed: -benchtime has no effect.
func BenchmarkCheck(b *testing.B) {
	for _, keys := range []int{1, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			checks := newChecking(b, keys)
			bare := hashing{text: checks.secrets[0].Reveal()}
			turns := interleave(b,
				entrant{bare, 1, batches}, entrant{checks, 1, batches},
				entrant{bare, 2, 2 * batches}, entrant{checks, 2, 2 * batches})
			one := newResult(1, turns[0], turns[1], turn.undisturbed)
			two := newResult(2, turns[2], turns[3], turn.undisturbed)

			b.ReportMetric(0, "ns/op")
			b.ReportMetric(one.ratio(), "ratio")
			b.ReportMetric(targetCheck, "target")
			b.ReportMetric(perOperation(one.bare.p50), "hmac-ns")
			b.ReportMetric(perOperation(one.service.p50), "check-ns")
			b.ReportMetric(two.bare.rate/one.bare.rate, "hmac-on-2-cores")
			b.ReportMetric(two.service.rate/one.service.rate, "check-on-2-cores")
		})
	}
}

// BenchmarkParseSecret measures the parsing that precedes a check.
func BenchmarkParseSecret(b *testing.B) {
	text := newSecret(b).Reveal()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := domain.ParseSecret(text); err != nil {
			b.Fatal(err)
		}
	}
}
