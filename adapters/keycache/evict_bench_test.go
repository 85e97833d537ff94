package keycache

import (
	"fmt"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// BenchmarkEvictAll measures the cost of a lost change feed.
func BenchmarkEvictAll(b *testing.B) {
	for _, keys := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d keys", keys), func(b *testing.B) {
			c, err := New(Options{Finder: newStore(), MaximumKeys: keys, Now: time.Now})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			for b.Loop() {
				b.StopTimer()
				for i := range keys {
					id := domain.KeyID(fmt.Sprintf("sk_live_%016d", i))
					c.known.Load().Set(id, application.NewKnownKey(domain.Rehydrate(domain.Snapshot{ID: id})))
				}
				for i := range unknownIDs {
					c.unknown.Set(domain.KeyID(fmt.Sprintf("sk_test_%016d", i)), struct{}{})
				}
				b.StartTimer()
				c.EvictAll()
			}
		})
	}
}
