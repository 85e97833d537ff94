package ratelimit

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkTake measures a request under a name that has a bucket.
func BenchmarkTake(b *testing.B) {
	l := newLimiter(b, 1<<40, time.Now)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Take("acc-7")
		}
	})
}

// BenchmarkMemory measures the memory of a bucket: the growth of the live heap
// while the limiter is filled to maxBuckets, with names of 255 bytes.
func BenchmarkMemory(b *testing.B) {
	l := newLimiter(b, 600, time.Now)
	padding := strings.Repeat("x", 250)
	before := liveHeap()
	for i := range maxBuckets {
		l.Take(strconv.Itoa(i) + padding)
	}
	grown := liveHeap() - before
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(grown)/float64(l.buckets.EstimatedSize()), "B/bucket")
	b.ReportMetric(float64(grown)/(1<<20), "MiB")
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
