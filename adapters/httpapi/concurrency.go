package httpapi

import (
	"fmt"
	"sync/atomic"

	"github.com/slaunchx/apikeys/domain"
)

// Concurrency limits how many management requests use the store at a time.
// Without a limit, requests would queue for the store, and under overload most
// of them would be served too late. It is safe for concurrent use.
type Concurrency struct {
	taken   chan struct{} // one element for each place taken
	refused atomic.Uint64
}

// NewConcurrency returns a limit of the given number of requests.
func NewConcurrency(limit int) *Concurrency {
	return &Concurrency{taken: make(chan struct{}, limit)}
}

// Refused returns how many requests were refused.
func (c *Concurrency) Refused() uint64 { return c.refused.Load() }

var errBusy = fmt.Errorf("too many management requests in flight: %w", domain.ErrUnavailable)

// acquire takes a place, which release gives back, or returns errBusy.
func (c *Concurrency) acquire() error {
	select {
	case c.taken <- struct{}{}:
		return nil
	default:
		return c.refuse()
	}
}

func (c *Concurrency) release() { <-c.taken }

// check returns errBusy if no place is free. It is called before a request causes any
// work, in particular before its token is verified.
func (c *Concurrency) check() error {
	if len(c.taken) < cap(c.taken) {
		return nil
	}
	return c.refuse()
}

func (c *Concurrency) refuse() error {
	c.refused.Add(1)
	return errBusy
}
