package telemetry

import (
	"sync/atomic"
	"unsafe"
)

const (
	stripeBits = 6
	// stripeSize is two cache lines, since processors fetch them in pairs.
	stripeSize = 128
)

// striped is a row of exact counters, kept several times over: cores that
// count in the same memory wait for each other, which costs more than all the
// rest of a count. It costs 8 KiB.
type striped struct {
	stripes [1 << stripeBits]struct {
		slots [slots]atomic.Uint64
		_     [stripeSize - 8*slots]byte
	}
}

func (s *striped) add(slot int) { s.stripes[here()].slots[slot].Add(1) }

// sum returns what was added to a slot.
func (s *striped) sum(slot int) uint64 {
	var sum uint64
	for i := range s.stripes {
		sum += s.stripes[i].slots[slot].Load()
	}
	return sum
}

// here returns the stripe of the calling goroutine, which the address of its
// stack tells: goroutines that run at the same time have different stacks. It
// may change whenever a stack grows, which does no harm.
func here() uint64 {
	const (
		smallestStack = 11 // 2 KiB, as a power of two
		// golden spreads neighbours (Fibonacci hashing): 2^64 divided by the golden ratio.
		golden = 0x9E3779B97F4A7C15
	)
	var local byte
	stack := uint64(uintptr(unsafe.Pointer(&local))) >> smallestStack
	return stack * golden >> (64 - stripeBits)
}
