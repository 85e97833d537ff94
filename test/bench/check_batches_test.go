package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
)

// Operations that are too short to time individually are timed in batches. A batch is
// so short that most batches run without interruption, even on a busy machine.
const (
	batch   = 100
	batches = 1_000 // per turn
)

func perOperation(d time.Duration) float64 { return float64(d.Nanoseconds()) / batch }

// undisturbed returns the duration of a batch, in seconds, without interference by
// other load: the 10th percentile.
func (t turn) undisturbed() float64 {
	return quantile(slices.Sorted(slices.Values(t.latencies)), 0.1).Seconds()
}

// hashing is a side that only computes HMACs of a text, in batches.
type hashing struct{ text string }

func (s hashing) clients(_ testing.TB, n, _ int) []client {
	all := make([]client, n)
	for i := range all {
		mac := hmac.New(sha256.New, make([]byte, 32))
		text, sum := []byte(s.text), make([]byte, 0, sha256.Size)
		all[i] = func(int) error {
			for range batch {
				mac.Reset()
				mac.Write(text)
				sum = mac.Sum(sum[:0])
			}
			return nil
		}
	}
	return all
}

// checking is a side that checks cached keys in rotation, in batches.
type checking struct {
	service *apikeys.Service
	secrets []domain.Secret
}

// newChecking returns a side whose service has the given number of keys.
func newChecking(t testing.TB, keys int) *checking {
	t.Helper()
	cfg := settings(t, jwttest.NewIssuer(t), "memory://")
	cfg.CacheKeys = 2 * keys // large enough to evict none
	s := &checking{service: newEmbedded(t, cfg)}
	for range keys {
		s.secrets = append(s.secrets, create(t, s.service))
	}
	return s
}

func (s *checking) clients(t testing.TB, n, _ int) []client {
	t.Helper()
	ctx := t.Context()
	all := make([]client, n)
	for i := range all {
		next := i * len(s.secrets) / n
		check := apikeys.Check{Scopes: []domain.Scope{"payment:read"}}
		all[i] = func(int) error {
			for range batch {
				check.Secret = s.secrets[next]
				if next++; next == len(s.secrets) {
					next = 0
				}
				if d, err := s.service.Authorize(ctx, check); err != nil || !d.Allowed() {
					return fmt.Errorf("verdict %s, error %w", d.Verdict, err)
				}
			}
			return nil
		}
	}
	return all
}
