package keycache

import (
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// table holds keys, and can be emptied at once, whatever its size: a new map replaces
// the one that Load returns, and entries that are added to the old one afterwards are
// lost. Otter itself would take most of a second to remove a million keys, and the
// cache could not be confirmed during that time.
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

// InvalidateAll cannot fail with options that have created a map before.
// Without expiry a map has no goroutines to stop.
func (t *table) InvalidateAll() { t.Store(otter.Must(t.options)) }
