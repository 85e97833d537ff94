package telemetry

import (
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

func BenchmarkCheck(b *testing.B) {
	b.Run("counted and timed", func(b *testing.B) {
		m := New(Options{})
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				m.EndCheck(m.BeginCheck(), domain.VerdictOK, nil)
			}
		})
	})
	b.Run("one atomic for all", func(b *testing.B) {
		var n atomic.Uint64
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n.Add(1)
			}
		})
	})
}
