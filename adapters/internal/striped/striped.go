// Package striped counts what happens on all cores at once.
package striped

import (
	"sync/atomic"
	"unsafe"
)

const (
	stripeBits = 6
	// stripeSize is two cache lines, since processors fetch them in pairs.
	stripeSize = 128
	// Slots is how many counters there are in a row.
	Slots = stripeSize / 8
)

// Counters is a row of exact counters, kept several times over: cores that
// count in the same memory wait for each other, which costs more than all the
// rest of a count. It costs 8 KiB.
type Counters struct {
	stripes [1 << stripeBits][Slots]atomic.Uint64
}

// Add counts one in a slot.
func (c *Counters) Add(slot int) { c.stripes[here()][slot].Add(1) }

// Sum returns what was counted in a slot.
func (c *Counters) Sum(slot int) uint64 {
	var sum uint64
	for i := range c.stripes {
		sum += c.stripes[i][slot].Load()
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
