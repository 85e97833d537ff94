package jwtauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// retryInterval is when a read of keys that failed is tried again.
	retryInterval = 10 * time.Second
	// lookupWait is how long a token of an unknown key waits for a look-up,
	// before the key is taken for one that does not exist.
	lookupWait = time.Second
)

// keyring holds the last good key set. One goroutine reads all later ones, so
// that there is never more than one read under way.
type keyring struct {
	source   source
	refresh  time.Duration
	lookup   time.Duration
	now      func() time.Time
	log      *slog.Logger
	current  atomic.Pointer[keySet]
	failure  atomic.Pointer[error] // of the last read; nil when it was good
	document [sha256.Size]byte     // of the current set; the reader's alone

	asked   chan struct{} // a look-up waits for the reader
	stopped chan struct{} // the reader has ended
	stop    context.CancelFunc

	mu         sync.Mutex
	flight     chan struct{} // closed when the look-up under way is over; nil when none is
	lastLookup time.Time
}

func newKeyring(src source, c Config) *keyring {
	return &keyring{
		source:  src,
		refresh: c.RefreshInterval,
		lookup:  c.LookupInterval,
		now:     c.Now,
		log:     c.Logger,
		asked:   make(chan struct{}, 1),
		stopped: make(chan struct{}),
	}
}

func (r *keyring) start() {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go r.run(ctx)
}

func (r *keyring) close() error {
	r.stop()
	<-r.stopped
	return nil
}

func (r *keyring) ready() error {
	if r.current.Load() != nil {
		return nil
	}
	return r.missing()
}

// missing says why there are no keys at all.
func (r *keyring) missing() error {
	cause := errors.New("they are being read")
	if failure := r.failure.Load(); failure != nil {
		cause = *failure
	}
	return unavailable("token keys were never obtained", cause)
}

// find returns the key that h names, after a look-up where it is not known.
func (r *keyring) find(ctx context.Context, h header) (verificationKey, error) {
	set := r.current.Load()
	if set == nil {
		return verificationKey{}, r.missing()
	}
	key, err := set.find(h)
	if !errors.Is(err, errUnknownKey) {
		return key, err
	}
	if err := r.lookUp(ctx); err != nil {
		return verificationKey{}, err
	}
	return r.current.Load().find(h)
}

// lookUp waits for the look-up under way, or for one of its own. It returns at
// once when the last one is too recent, so that made-up key names cost the
// issuer nothing, and after lookupWait when the issuer is slow, so that they
// cannot keep the caller from the refusal they have earned.
func (r *keyring) lookUp(ctx context.Context) error {
	flight := r.board()
	if flight == nil {
		return nil
	}
	wait := time.NewTimer(lookupWait)
	defer wait.Stop()
	select {
	case <-flight:
	case <-r.stopped:
	case <-wait.C:
	case <-ctx.Done():
		return unavailable("look up a token key", ctx.Err())
	}
	return nil
}

// board returns the look-up under way, begins one, or returns nil when none
// may begin yet.
func (r *keyring) board() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	now := r.now()
	// A look-up ahead of now was made by a clock that has been set back since.
	if since := now.Sub(r.lastLookup); !r.lastLookup.IsZero() && 0 <= since && since < r.lookup {
		return nil
	}
	r.lastLookup = now
	r.flight = make(chan struct{})
	r.asked <- struct{}{} // has room: there is one flight at a time
	return r.flight
}

func (r *keyring) land() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.flight)
	r.flight = nil
}

func (r *keyring) run(ctx context.Context) {
	defer close(r.stopped)
	timer := time.NewTimer(r.pause())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			_ = r.reload(ctx) // kept and logged there
		case <-r.asked:
			_ = r.reload(ctx)
			r.land()
		}
		timer.Reset(r.pause())
	}
}

func (r *keyring) pause() time.Duration {
	if r.failure.Load() != nil {
		return min(r.refresh, retryInterval)
	}
	return r.refresh
}

// reload takes over the source's keys, or keeps those it has when there are
// no good ones.
func (r *keyring) reload(ctx context.Context) error {
	err := r.replace(ctx)
	if err == nil {
		r.failure.Store(nil)
		return nil
	}
	r.failure.Store(&err)
	if !errors.Is(ctx.Err(), context.Canceled) { // else it was us who broke off
		r.log.Warn("token keys could not be refreshed", "error", err, "have_keys", r.current.Load() != nil)
	}
	return err
}

func (r *keyring) replace(ctx context.Context) error {
	document, err := r.source.read(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(document)
	if r.current.Load() != nil && sum == r.document {
		return nil
	}
	set, dropped, err := parseKeySet(document)
	for _, reason := range dropped {
		r.log.Warn("token key left out", "reason", reason)
	}
	if err != nil {
		return err
	}
	r.current.Store(set)
	r.document = sum
	r.log.Info("token keys refreshed", "keys", set.size)
	return nil
}
