package portstest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// BenchmarkKeyRepository measures the hot paths of a store: creation by 1, 16 and
// 64 concurrent callers, and the look-up of the permission check.
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

// BenchmarkLists measures List on a workspace with many keys: the first page and
// a middle page, with each order and filter.
func BenchmarkLists(b *testing.B, repo ports.KeyReader, ws domain.WorkspaceID) {
	at := time.Now()
	everywhere, nowhere := parsed(b, "kEY", domain.ParseNamePart), parsed(b, "kEY x", domain.ParseNamePart)
	total := list(b, repo, ws, domain.KeyFilter{}, domain.Order{}, domain.Page{}).Total
	for _, c := range []struct {
		name   string
		filter domain.KeyFilter
		order  domain.Order
		page   int64
	}{
		{"newest", domain.KeyFilter{}, domain.Order{}, 0},
		{"names", domain.KeyFilter{}, domain.Order{By: domain.ByName, Ascending: true}, 0},
		{"newest/middle", domain.KeyFilter{}, domain.Order{}, total / 2 / domain.DefaultPageSize},
		{"names/middle", domain.KeyFilter{}, domain.Order{By: domain.ByName, Ascending: true}, total / 2 / domain.DefaultPageSize},
		{"active", domain.KeyFilter{Status: domain.StatusActive, At: at}, domain.Order{}, 0},
		{"disabled", domain.KeyFilter{Status: domain.StatusDisabled, At: at}, domain.Order{}, 0},
		{"TEST", domain.KeyFilter{Mode: domain.ModeTest}, domain.Order{}, 0},
		{"part of all names", domain.KeyFilter{Name: everywhere}, domain.Order{}, 0},
		{"part of no name", domain.KeyFilter{Name: nowhere}, domain.Order{}, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := page(b, c.page, domain.DefaultPageSize)
			for b.Loop() {
				list(b, repo, ws, c.filter, c.order, p)
			}
		})
	}
}
