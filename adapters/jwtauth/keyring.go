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
	// lookupWait bounds how long a token that no known key has signed waits
	// for a look-up before it is refused.
	lookupWait = time.Second
	// maxSkippedLogged bounds the skipped keys of one document that are logged.
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

	// The last document that was parsed, and the outcome. Only the goroutine
	// that reads uses them.
	document [sha256.Size]byte
	verdict  error

	asked   chan struct{} // a look-up waits for the reader
	stopped chan struct{} // closed when the reader has ended
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

// missing returns the reason why there are no keys at all.
func (r *keyring) missing() error {
	cause := errors.New("they are being read")
	if failure := r.failure.Load(); failure != nil {
		cause = *failure
	}
	return unavailable("token keys were never obtained", cause)
}

// verify returns nil if one of the issuer's keys signed t. If no known key did,
// the known ones may be out of date, so they are looked up before t is refused.
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

// lookUp waits for the look-up in flight, or starts one and waits for that. It
// returns at once if the last one is too recent, so that forged tokens cost
// the issuer nothing, after lookupWait if the issuer is slow, and when ctx
// ends: the caller then refuses the token by the keys it knows.
func (r *keyring) lookUp(ctx context.Context) {
	flight := r.board()
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

// board returns the look-up in flight, or starts one. It returns nil if it is
// too early to start one.
func (r *keyring) board() chan struct{} {
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
			_ = r.reload(ctx) // which logs and keeps the error
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

// reload replaces the keys by those of the source. If that fails, the known
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
		r.document, r.verdict = sum, r.adopt(document)
	}
	return r.verdict
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

// logSkipped writes one line of bounded length, however many keys there are.
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
