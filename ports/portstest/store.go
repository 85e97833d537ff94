package portstest

import (
	"testing"

	"github.com/slaunchx/apikeys/ports"
)

// Store is a store of keys, their use and the check values of peppers, whose
// changes can be followed.
type Store interface {
	FollowedStore
	ports.PepperKeeper
}

// RunStore runs the suites of all ports of [Store]. open returns two handles to
// one store that nothing else uses, like those of two processes; they may be
// identical.
func RunStore(t *testing.T, open func(t testing.TB) (one, other Store)) {
	first := func(t testing.TB) Store {
		one, _ := open(t)
		return one
	}
	keys := func(t testing.TB) ports.KeyRepository { return first(t) }
	for name, run := range map[string]func(t *testing.T){
		"KeyRepository": func(t *testing.T) {
			one := first(t) // shared, because a database takes longer to create than a case
			RunKeyRepository(t, func(testing.TB) ports.KeyRepository { return one })
		},
		"KeyRepositoryConcurrency": func(t *testing.T) { RunKeyRepositoryConcurrency(t, keys) },
		"KeyRepositoryIsolation":   func(t *testing.T) { RunKeyRepositoryIsolation(t, keys) },
		"UsageRecorder": func(t *testing.T) {
			one := first(t) // shared, because a database takes longer to create than a case
			RunUsageRecorder(t, func(testing.TB) UsageStore { return one })
		},
		"ChangeFeed": func(t *testing.T) {
			RunChangeFeed(t, func(t testing.TB) (FollowedStore, FollowedStore) { return open(t) })
		},
		"PepperKeeper": func(t *testing.T) {
			RunPepperKeeper(t, func(t testing.TB) (ports.PepperKeeper, ports.PepperKeeper) { return open(t) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t)
		})
	}
}
