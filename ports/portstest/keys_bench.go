package portstest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys/ports"
)

// BenchmarkKeyRepository measures a store by the operations of its hot paths:
// creation by 1, 16 and 64 callers at once, and the look-up of the permission
// check.
func BenchmarkKeyRepository(b *testing.B, open func(t testing.TB) ports.KeyRepository) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("Create/callers=%d", callers), func(b *testing.B) {
			benchmarkCreate(b, open(b), callers)
		})
	}
	b.Run("Find", func(b *testing.B) { benchmarkFind(b, open(b)) })
}

func benchmarkCreate(b *testing.B, repo ports.KeyRepository, callers int) {
	entries := make([]entry, b.N)
	for i := range entries {
		entries[i] = issue(b)
	}
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	for _, err := range together(callers, func(int) error {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(entries) {
				return nil
			}
			if err := repo.Create(context.Background(), entries[i].key, entries[i].event, ports.CreateOptions{}); err != nil {
				return err
			}
		}
	}) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkFind(b *testing.B, repo ports.KeyRepository) {
	e := issue(b)
	requireCreated(b, repo, e)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := repo.Find(context.Background(), e.id()); err != nil {
			b.Fatal(err)
		}
	}
}
