package client

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/slaunchx/apikeys/domain"
)

// shortcut gives a yes again for a short while. Only a yes: to keep a no
// would make a key that was just enabled wait, and let a flood of made-up
// secrets push out what is worth keeping.
type shortcut struct {
	answers *otter.Cache[questionName, kept]
	life    time.Duration
	now     func() time.Time
	// key is of this process alone: what is kept tells nothing of the secrets.
	key [sha256.Size]byte
}

// questionName stands for one secret, its scopes and address.
type questionName [sha256.Size]byte

// kept is a yes and when it was asked for: it may be as old as that.
type kept struct {
	decision domain.Decision
	sent     time.Time
}

// newShortcut returns nil when nothing is to be kept.
func newShortcut(o Options) (*shortcut, error) {
	switch {
	case o.CacheFor < 0 || o.CacheFor > longestCacheFor:
		return nil, fmt.Errorf("client: CacheFor must be between 0 and %v", longestCacheFor)
	case o.CacheEntries < 0:
		return nil, errors.New("client: CacheEntries is negative")
	case o.CacheFor == 0:
		return nil, nil
	}
	answers, err := otter.New(&otter.Options[questionName, kept]{
		MaximumSize:      cmp.Or(o.CacheEntries, defaultCacheEntries),
		ExpiryCalculator: otter.ExpiryWriting[questionName, kept](o.CacheFor),
	})
	if err != nil {
		return nil, fmt.Errorf("client: cache: %w", err)
	}
	s := &shortcut{answers: answers, life: o.CacheFor, now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	_, err = rand.Read(s.key[:])
	return s, err
}

// get returns the yes to a question, if one is kept and still good.
func (s *shortcut) get(name questionName) (domain.Decision, bool) {
	k, ok := s.answers.GetIfPresent(name)
	if !ok {
		return domain.Decision{}, false
	}
	now, expires := s.now(), k.decision.Key.ExpiresAt
	if age(k.sent, now) >= s.life || !expires.IsZero() && !now.Before(expires) {
		return domain.Decision{}, false
	}
	return k.decision, true
}

func (s *shortcut) keep(name questionName, yes domain.Decision, sent time.Time) {
	s.answers.Set(name, kept{decision: yes, sent: sent})
}

func (s *shortcut) close() { s.answers.StopAllGoroutines() }

// name is the HMAC of all that the answer depends on, each part after its
// length, so that no two questions run into one.
func (s *shortcut) name(check domain.Check) (name questionName) {
	mac := hmac.New(sha256.New, s.key[:])
	writePart(mac, check.Secret.Reveal())
	writePart(mac, check.Addr.String())
	for _, scope := range check.Scopes {
		writePart(mac, string(scope))
	}
	mac.Sum(name[:0])
	return name
}

func writePart(mac hash.Hash, part string) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(part)))
	_, _ = mac.Write(length[:])
	_, _ = io.WriteString(mac, part)
}

// age is the larger of what the monotonic and the wall clock say: the first
// stands still while a machine is suspended, the second can be set back.
func age(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}
