package portstest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunKeyRepositoryConcurrency tests the promises of [ports.KeyRepository] for
// concurrent callers. Run it with the race detector.
func RunKeyRepositoryConcurrency(t *testing.T, open func(t testing.TB) ports.KeyRepository) {
	runEach(t, open, map[string]func(*testing.T, ports.KeyRepository){
		"keeps every key created concurrently":                  createsMany,
		"lets one of many creators of an ID succeed":            createsOnce,
		"serializes the updates of a key":                       updatesInTurn,
		"never shows a partial key":                             showsWholeKeys,
		"keeps the writes of others when one is cancelled":      survivesCancellation,
		"respects the cap exactly":                              capsExactly,
		"counts keys created and deleted concurrently":          keepsCountUnderChange,
		"creates one key for concurrent requests with one key":  createsPerIdempotencyKeyConcurrently,
		"creates one key for each of many idempotency keys":     createsPerIdempotencyKeyAmongMany,
		"makes one change for concurrent requests with one key": updatesPerIdempotencyKeyConcurrently,
		"lists page and total from one snapshot":                listsOneSnapshot,
	})
}

const creators = 16

// together calls f(0) to f(n-1) concurrently and returns their results in order.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

func createsMany(t *testing.T, repo ports.KeyRepository) {
	const each = 8
	entries := make([]entry, creators*each)
	for i := range entries {
		entries[i] = issue(t)
	}
	errs := together(creators, func(i int) error {
		for _, e := range entries[i*each : (i+1)*each] {
			if err := repo.Create(t.Context(), e.key, e.event, ports.CreateOptions{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		requireStored(t, repo, e)
	}
}

func createsOnce(t *testing.T, repo ports.KeyRepository) {
	first := issue(t)
	rivals := make([]entry, creators)
	for i := range rivals {
		rivals[i] = rehydrated(t, first, func(s *domain.Snapshot) {
			s.Name = parsed(t, fmt.Sprintf("Rival %d", i), domain.ParseName)
			s.Secrets = []domain.StoredSecret{{Digest: newDigest()}}
		})
	}
	var winners []entry
	for i, err := range together(creators, func(i int) error {
		return repo.Create(t.Context(), rivals[i].key, rivals[i].event, ports.CreateOptions{})
	}) {
		switch {
		case err == nil:
			winners = append(winners, rivals[i])
		case !errors.Is(err, domain.ErrKeyExists):
			t.Errorf("Create returns %v, want ErrKeyExists", err)
		}
	}
	if len(winners) != 1 {
		t.Fatalf("%d creators succeeded, want 1", len(winners))
	}
	requireStored(t, repo, winners[0])
}

func showsWholeKeys(t *testing.T, repo ports.KeyRepository) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	entries := make([]entry, creators)
	for i := range entries {
		entries[i] = issue(t)
	}
	errs := together(2*creators, func(i int) error {
		e := entries[i/2]
		if i%2 == 0 {
			return repo.Create(ctx, e.key, e.event, ports.CreateOptions{})
		}
		return awaitWhole(ctx, repo, e)
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// awaitWhole reads until it finds e, and returns an error if it finds only a part
// of it.
func awaitWhole(ctx context.Context, repo ports.KeyRepository, e entry) error {
	for {
		key, err := repo.Find(ctx, e.id())
		if errors.Is(err, domain.ErrKeyNotFound) {
			runtime.Gosched()
			continue
		}
		if err != nil {
			return err
		}
		if diff := difference(e.key.Snapshot(), key.Snapshot()); diff != "" {
			return fmt.Errorf("read a partial key:\n%s", diff)
		}
		events, err := eventsOf(ctx, repo, e.workspace(), e.id())
		if err != nil || len(events) != 1 {
			return fmt.Errorf("read a key with %d events: %w", len(events), err)
		}
		return nil
	}
}

func survivesCancellation(t *testing.T, repo ports.KeyRepository) {
	entries := make([]entry, creators)
	for i := range entries {
		entries[i] = issue(t)
	}
	errs := together(creators, func(i int) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if i%2 == 1 {
			go cancel()
		}
		return repo.Create(ctx, entries[i].key, entries[i].event, ports.CreateOptions{})
	})
	for i, err := range errs {
		switch {
		case err == nil:
			requireStored(t, repo, entries[i])
		case i%2 == 0:
			t.Errorf("Create returns %v to a caller that was not cancelled", err)
		case !errors.Is(err, domain.ErrUnavailable):
			t.Errorf("Create returns %v, want ErrUnavailable", err)
		}
	}
}

// updatesInTurn has each update extend the name that the previous one stored.
func updatesInTurn(t *testing.T, repo ports.KeyRepository) {
	const updaters = 20
	e := issue(t)
	requireCreated(t, repo, e)
	requireUpdated(t, repo, e, stateOf(t, issuedAt, func(s *domain.Snapshot) { s.Name = parsed(t, "-", domain.ParseName) }))
	extend := func(key *domain.APIKey) (domain.Event, error) {
		name := key.Snapshot().Name.String() + "x"
		at := issuedAt.Add(time.Duration(len(name)) * time.Second)
		return stateOf(t, at, func(s *domain.Snapshot) {
			s.Name = parsed(t, name, domain.ParseName)
			s.Secrets = []domain.StoredSecret{{Digest: newDigest()}}
		})(key)
	}
	errs := together(updaters, func(int) (err error) {
		// On a busy machine an update may wait for those before it longer than the store
		// allows. It has then changed nothing.
		for range updaters {
			if err = update(t.Context(), repo, e.workspace(), e.id(), extend); !errors.Is(err, domain.ErrUnavailable) {
				break
			}
		}
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	found, err := repo.Find(t.Context(), e.id())
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	if got := found.Snapshot().Name.String(); got != "-"+strings.Repeat("x", updaters) {
		t.Errorf("the name is %s, want one x for each of %d updates", got, updaters)
	}
	events, err := eventsOf(t.Context(), repo, e.workspace(), e.id())
	if err != nil || len(events) != updaters+2 || events[0].Changes[0].New != found.Snapshot().Name.String() {
		t.Errorf("Events returns %d events and %v, want %d, the last update first", len(events), err, updaters+2)
	}
}
