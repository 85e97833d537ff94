package application

import (
	"fmt"
	"sync/atomic"

	"github.com/slaunchx/apikeys/domain"
)

// ErrClosed is returned by the use cases of a closed service. It wraps
// [domain.ErrUnavailable].
var ErrClosed = fmt.Errorf("the service is closed: %w", domain.ErrUnavailable)

// Lifetime tells the use cases of a service whether the service was closed, so that
// they no longer use its store. The zero value has not ended. It is safe for concurrent
// use.
type Lifetime struct{ ended atomic.Bool }

// End ends the lifetime.
func (l *Lifetime) End() { l.ended.Store(true) }

// Err returns [ErrClosed] if the lifetime has ended.
func (l *Lifetime) Err() error {
	if l.ended.Load() {
		return ErrClosed
	}
	return nil
}
