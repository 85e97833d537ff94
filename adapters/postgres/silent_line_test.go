package postgres

import (
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys/test/relay"
)

// silentLine is a relay to a database that can fall silent: existing connections stay
// open, but no data gets through.
type silentLine struct {
	dsn      string
	silent   atomic.Bool
	accepted atomic.Int64 // connections so far
	// swallowed receives a value when data did not get through, but not always.
	swallowed chan struct{}
}

func newSilentLine(t *testing.T, dsn string) *silentLine {
	t.Helper()
	l := &silentLine{swallowed: make(chan struct{}, 1)}
	l.dsn = relay.Before(t, dsn, func() relay.Watches {
		l.accepted.Add(1)
		return relay.Watches{Answered: l.watch}
	})
	return l
}

func (l *silentLine) watch([]byte) relay.Fate {
	if !l.silent.Load() {
		return relay.Pass
	}
	select {
	case l.swallowed <- struct{}{}:
	default:
	}
	return relay.Swallow // forever, since later data would make no sense
}
