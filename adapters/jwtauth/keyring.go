package jwtauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// retryInterval is the time between a failed read of the keys and the next.
	retryInterval = 10 * time.Second
	// lookupWait is how long a token that no known key has signed waits for a
	// look-up before it is rejected.
	lookupWait = time.Second
	// maxSkippedLogged is the number of skipped keys logged per document.
	maxSkippedLogged = 8
)

// keyring holds the last good key set. A single goroutine reads all later
// ones, so there is never more than one read in flight.
type keyring struct {
	source  source
	refresh time.Duration
	lookup  time.Duration
	now     func() time.Time
	log     *slog.Logger
	current atomic.Pointer[keySet]
	failure atomic.Pointer[error] // of the last read; nil if it succeeded

	// The hash of the last parsed document, and the result. Only the reading
	// goroutine uses them.
	document [sha256.Size]byte
	parseErr error

	request chan struct{} // asks the reading goroutine for a look-up
	stopped chan struct{} // closed when the reading goroutine has ended
	stop    context.CancelFunc

	mu         sync.Mutex
	flight     chan struct{} // closed at the end of the look-up in flight; nil if there is none
	lastLookup time.Time
}

func newKeyring(src source, c Config) *keyring {
	return &keyring{
		source:  src,
		refresh: c.RefreshInterval,
		lookup:  c.LookupInterval,
		now:     c.Now,
		log:     c.Logger,
		request: make(chan struct{}, 1),
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

// missing returns the error for the time before any keys are known.
func (r *keyring) missing() error {
	cause := errors.New("the first read is in flight")
	if failure := r.failure.Load(); failure != nil {
		cause = *failure
	}
	return unavailable("no token keys yet", cause)
}

// verify returns nil if one of the issuer's keys signed t. If no known key did,
// the known ones may be out of date, so they are looked up before t is rejected.
func (r *keyring) verify(ctx context.Context, t token) error {
	known := r.current.Load()
	if known == nil {
		return r.missing()
	}
	err := known.verify(t)
	if err == nil || errors.Is(err, errNoKeyID) {
		return err
	}
	r.lookUp(ctx)
	if latest := r.current.Load(); latest != known {
		return latest.verify(t)
	}
	return err
}

// lookUp waits for the look-up in flight, or starts one and waits for it. It
// returns immediately if the last one is too recent, so that forged tokens cause
// no load on the issuer. It gives up after lookupWait and when ctx ends; the
// caller then rejects the token.
func (r *keyring) lookUp(ctx context.Context) {
	flight := r.joinLookUp()
	if flight == nil {
		return
	}
	wait := time.NewTimer(lookupWait)
	defer wait.Stop()
	select {
	case <-flight:
	case <-r.stopped:
	case <-wait.C:
	case <-ctx.Done():
	}
}

// joinLookUp returns the look-up in flight, or starts one. It returns nil if it is
// too early to start one.
func (r *keyring) joinLookUp() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	now := r.now()
	// If the last look-up is later than now, the clock has been set back since.
	if since := now.Sub(r.lastLookup); !r.lastLookup.IsZero() && 0 <= since && since < r.lookup {
		return nil
	}
	r.lastLookup = now
	r.flight = make(chan struct{})
	r.request <- struct{}{} // does not block: there is one look-up at a time
	return r.flight
}

func (r *keyring) endLookUp() {
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
			_ = r.reload(ctx) // logs and stores the error
		case <-r.request:
			_ = r.reload(ctx)
			r.endLookUp()
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

// reload replaces the keys with those of the source. If that fails, the known
// keys stay in use.
func (r *keyring) reload(ctx context.Context) error {
	err := r.replace(ctx)
	if err == nil {
		r.failure.Store(nil)
		return nil
	}
	r.failure.Store(&err)
	if !errors.Is(ctx.Err(), context.Canceled) { // Close cancels the read in flight
		r.log.Warn("cannot refresh token keys", "error", err, "have_keys", r.current.Load() != nil)
	}
	return err
}

func (r *keyring) replace(ctx context.Context) error {
	document, err := r.source.read(ctx)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(document); sum != r.document {
		r.document, r.parseErr = sum, r.adopt(document)
	}
	return r.parseErr
}

func (r *keyring) adopt(document []byte) error {
	set, skipped, err := parseKeySet(document)
	r.logSkipped(skipped)
	if err != nil {
		return err
	}
	r.current.Store(set)
	r.log.Info("token keys refreshed", "keys", set.size)
	return nil
}

// logSkipped logs all skipped keys in one line of bounded length.
func (r *keyring) logSkipped(skipped []skippedKey) {
	if len(skipped) == 0 {
		return
	}
	var reasons []string
	for _, key := range skipped[:min(len(skipped), maxSkippedLogged)] {
		reasons = append(reasons, key.String())
	}
	r.log.Warn("token keys skipped", "count", len(skipped), "reasons", strings.Join(reasons, "; "))
}
