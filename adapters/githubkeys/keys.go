package githubkeys

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const (
	// maxAge is how long fetched keys are used. A key that GitHub has withdrawn is
	// trusted for at most that long.
	maxAge = time.Hour
	// minPause is the minimum time between two attempts to fetch the keys: anyone
	// can send a report with an unknown identifier.
	minPause = time.Minute
	// fetchTimeout bounds one attempt.
	fetchTimeout = 5 * time.Second

	maxIdentifier = 256
	maxSignature  = 256 // of the text; that of P-256 has at most 96 characters
)

// Options configure [Keys].
type Options struct {
	// URL is where the public keys are fetched from.
	URL string
	Now func() time.Time
	// Logger logs why keys cannot be fetched.
	Logger *slog.Logger
	// Client fetches the keys. If it is nil, a client without keep-alive is used.
	Client *http.Client
}

// Keys are the public keys of GitHub. They are fetched at the first report, and again
// after an hour and for an unknown identifier, but at most once a minute. It is safe
// for concurrent use.
type Keys struct {
	source source
	now    func() time.Time
	logger *slog.Logger
	turn   chan struct{} // holds an element while no one uses the fields below

	byID    map[string]*ecdsa.PublicKey // nil if never fetched
	fetched time.Time                   // when byID was
	tried   time.Time                   // when the last attempt began
}

// New returns the keys. It fetches nothing.
func New(o Options) *Keys {
	k := &Keys{source: newSource(o), now: o.Now, logger: o.Logger, turn: make(chan struct{}, 1)}
	k.turn <- struct{}{}
	return k
}

// Verify returns nil if signature is the ECDSA signature, with SHA-256 and in base64, of
// body by the key with the given identifier. Otherwise it returns an error that wraps
// [domain.ErrInvalidSignature], or [domain.ErrUnavailable] if the keys cannot be fetched.
func (k *Keys) Verify(ctx context.Context, identifier, signature string, body []byte) error {
	if identifier == "" || len(identifier) > maxIdentifier || len(signature) > maxSignature {
		return domain.ErrInvalidSignature
	}
	der, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return domain.ErrInvalidSignature
	}
	key, err := k.key(ctx, identifier)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(body)
	if key == nil || !ecdsa.VerifyASN1(key, digest[:], der) {
		return domain.ErrInvalidSignature
	}
	return nil
}

// key returns the key with the given identifier, or nil if there is none. If the keys
// are being fetched, it waits for them.
func (k *Keys) key(ctx context.Context, identifier string) (*ecdsa.PublicKey, error) {
	select {
	case <-k.turn:
	case <-ctx.Done():
		return nil, fmt.Errorf("GitHub's public keys: %w: %w", domain.ErrUnavailable, ctx.Err())
	}
	defer func() { k.turn <- struct{}{} }()
	now := k.now()
	key, known := k.byID[identifier]
	if known && within(k.fetched, now, maxAge) {
		return key, nil
	}
	if !within(k.tried, now, minPause) {
		k.fetch(ctx, now)
	}
	if !within(k.fetched, now, maxAge) {
		return nil, fmt.Errorf("GitHub's public keys cannot be fetched: %w", domain.ErrUnavailable)
	}
	return k.byID[identifier], nil
}

// fetch fetches the keys. If that fails, the previous keys are kept. It does not stop when
// ctx ends, because other callers wait for the result.
func (k *Keys) fetch(ctx context.Context, now time.Time) {
	k.tried = now
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	keys, err := k.source.read(ctx)
	if err != nil {
		k.logger.Warn("cannot fetch GitHub's public keys", "error", err)
		return
	}
	k.byID, k.fetched = keys, now
}

// within reports whether less than limit has passed between then and now. It returns
// false if then is zero, or if it is later than now because the clock was set back.
func within(then, now time.Time, limit time.Duration) bool {
	passed := now.Sub(then)
	return !then.IsZero() && passed >= 0 && passed < limit
}
