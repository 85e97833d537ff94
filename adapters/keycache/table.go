package keycache

import (
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// table holds keys, and is emptied at once however many it holds: another map
// takes the place of the one that Load gives, and what is put into that one
// afterwards is lost with it. Otter itself would take most of a second to
// remove a million keys, for which nothing could be confirmed.
type table struct {
	options *otter.Options[domain.KeyID, *application.KnownKey]

	atomic.Pointer[otter.Cache[domain.KeyID, *application.KnownKey]]
}

func (t *table) open(options *otter.Options[domain.KeyID, *application.KnownKey]) error {
	first, err := otter.New(options)
	t.options = options
	t.Store(first)
	return err
}

// InvalidateAll cannot fail on options that have made a map before. Without
// expiry a map has no goroutines that would have to be stopped.
func (t *table) InvalidateAll() { t.Store(otter.Must(t.options)) }
