// Package logbook keeps output that a test reads while something still writes it.
package logbook

import (
	"bytes"
	"strings"
	"sync"
)

// Book is a log in memory. It is safe for concurrent use. The zero value is empty.
type Book struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *Book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns everything written so far.
func (b *Book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Count returns how often part occurs in what was written so far.
func (b *Book) Count(part string) int { return strings.Count(b.String(), part) }

// Contains reports whether part occurs in what was written so far.
func (b *Book) Contains(part string) bool { return strings.Contains(b.String(), part) }
