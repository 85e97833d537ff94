package keycache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

var begin = time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)

// store is a finder whose results a test sets. It counts the reads.
type store struct {
	mu      sync.Mutex
	keys    map[domain.KeyID]domain.Snapshot
	err     error
	reads   atomic.Int64
	silent  atomic.Bool   // a read ends with its context
	reading chan struct{} // if set, a read signals here when it holds its record,
	proceed chan struct{} // and waits here before it returns
}

func newStore() *store { return &store{keys: map[domain.KeyID]domain.Snapshot{}} }

func (s *store) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	s.reads.Add(1)
	if s.silent.Load() {
		<-ctx.Done()
		return nil, fmt.Errorf("%w: %w", domain.ErrUnavailable, ctx.Err())
	}
	s.mu.Lock()
	snapshot, ok := s.keys[id]
	err, reading, proceed := s.err, s.reading, s.proceed
	s.mu.Unlock()
	if reading != nil {
		reading <- struct{}{}
		<-proceed
	}
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, domain.ErrKeyNotFound
	}
	return domain.Rehydrate(snapshot), nil
}

func (s *store) put(id domain.KeyID, disabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scopes, _ := domain.NewScopeSet("payment:read")
	s.keys[id] = domain.Snapshot{ID: id, Disabled: disabled, Scopes: scopes, Secrets: make([]domain.StoredSecret, 1)}
}

// block makes each read announce itself on reading, which has room for n, and
// wait for proceed.
func (s *store) block(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading, s.proceed = make(chan struct{}, n), make(chan struct{})
}

func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// script is a feed whose polls return what the test sets.
type script struct {
	changes ports.Changes
	err     error
	wake    chan struct{}
	during  func() // called during a poll, if set
}

func (s *script) Poll(context.Context) (ports.Changes, error) {
	if s.during != nil {
		s.during()
	}
	return s.changes, s.err
}

func (s *script) Wake() <-chan struct{} { return s.wake }
func (s *script) Close() error          { return nil }

// world is a cache on a store, a feed and a clock.
type world struct {
	*Cache
	store *store
	feed  *script
	clock time.Time
}

func newWorld(t *testing.T, grace time.Duration) *world {
	t.Helper()
	return newWorldWith(t, Options{OutageGrace: grace})
}

// newWorldWith returns a world with a store and a clock of its own.
func newWorldWith(t *testing.T, options Options) *world {
	t.Helper()
	w := &world{store: newStore(), feed: &script{}, clock: begin}
	options.Finder, options.MaximumKeys, options.Now = w.store, 1000, func() time.Time { return w.clock }
	c, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	w.Cache = c
	w.poll(t)
	return w
}

func (w *world) poll(t *testing.T) {
	t.Helper()
	if err := w.Poll(t.Context(), w.feed); err != nil {
		t.Fatal(err)
	}
}

// status finds a key and returns what the check would see.
func (w *world) status(t *testing.T, id domain.KeyID) string {
	t.Helper()
	known, err := w.Find(t.Context(), id, w.clock)
	switch {
	case errors.Is(err, domain.ErrKeyNotFound):
		return "not found"
	case errors.Is(err, domain.ErrUnavailable):
		return "unavailable"
	case err != nil:
		return err.Error()
	}
	secret, _ := secrets.Load(id)
	decision, _ := known.Authorize(domain.Check{Secret: secret.(domain.Secret)}, credulous{}, w.clock)
	return string(decision.Verdict)
}

func newID(t *testing.T) domain.KeyID {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	secrets.Store(secret.KeyID(), secret)
	return secret.KeyID()
}

// secrets are the secrets of the identifiers that tests have created.
var secrets sync.Map

// credulous accepts every secret, because these tests are about the record of a
// key, not about secrets.
type credulous struct{}

func (credulous) Verify(domain.Secret, domain.Digest) bool { return true }

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func (w *world) expectReads(t *testing.T, want int64) {
	t.Helper()
	if got := w.store.reads.Load(); got != want {
		t.Errorf("the store was read %d times, want %d", got, want)
	}
}

// storedKey returns the ID of a new key in the store.
func (w *world) storedKey(t *testing.T) domain.KeyID {
	t.Helper()
	id := newID(t)
	w.store.put(id, false)
	return id
}

// cachedKey returns the ID of a new key in the store and in the cache.
func (w *world) cachedKey(t *testing.T) domain.KeyID {
	t.Helper()
	id := w.storedKey(t)
	w.status(t, id)
	return id
}
