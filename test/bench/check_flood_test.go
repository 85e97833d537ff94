package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	targetFlood = 2.0 // times the p99 without a flood
	targetLoads = 16  // concurrent loads, for any number of callers
	knownChecks = 100_000
)

// BenchmarkCheckFlood checks a cached key while other callers check well-formed but
// unknown keys as fast as possible. Each unknown ID is used only once, so that the
// cache does not help.
func BenchmarkCheckFlood(b *testing.B) {
	for _, callers := range []int{1, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			databaseURL := migrated(b, pgtest.NewDatabase(b))
			keys := &countedLoads{KeyRepository: openPostgres(b, databaseURL)}
			s := newEmbedded(b, settings(b, jwttest.NewIssuer(b), databaseURL), apikeys.WithStore(apikeys.Store{Keys: keys, Changes: keys, Usage: keys}))
			known := single{service: s, secret: create(b, s)}

			take(b, known, 1, knownChecks)
			var quiet, flooded []turn
			var unknown int
			for range rounds {
				quiet = append(quiet, take(b, known, 1, knownChecks))
				stop := flood(b, s, callers)
				flooded = append(flooded, take(b, known, 1, knownChecks))
				unknown += stop()
			}
			r := newResult(1, quiet, flooded, turn.p99)

			b.ReportMetric(0, "ns/op")
			b.ReportMetric(r.ratio(), "p99-ratio")
			b.ReportMetric(targetFlood, "target")
			b.ReportMetric(float64(r.bare.p99.Nanoseconds()), "quiet-p99-ns")
			b.ReportMetric(float64(r.service.p99.Nanoseconds()), "flooded-p99-ns")
			b.ReportMetric(float64(unknown), "unknown-ids")
			b.ReportMetric(float64(keys.most.Load()), "loads-at-once")
			b.ReportMetric(targetLoads, "target-loads")
		})
	}
}

// p99 returns the 99th percentile of the latencies in seconds.
func (t turn) p99() float64 {
	return quantile(slices.Sorted(slices.Values(t.latencies)), 0.99).Seconds()
}

// single is a side that checks one key and times each check.
type single struct {
	service *apikeys.Service
	secret  domain.Secret
}

func (s single) clients(t testing.TB, n, _ int) []client {
	ctx, check := t.Context(), apikeys.Check{Secret: s.secret, Scopes: []domain.Scope{"payment:read"}}
	return slices.Repeat([]client{func(int) error {
		if d, err := s.service.Authorize(ctx, check); err != nil || !d.Allowed() {
			return fmt.Errorf("verdict %s, error %w", d.Verdict, err)
		}
		return nil
	}}, n)
}

// flood checks unknown keys until stop is called, which returns the number of checks.
func flood(t testing.TB, s *apikeys.Service, callers int) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var flooding sync.WaitGroup
	var checks atomic.Int64
	for range callers {
		flooding.Go(func() {
			var seed [32]byte
			rand.Read(seed[:])
			random := mathrand.NewChaCha8(seed) // cheaper than the system's source
			for ctx.Err() == nil {
				secret, err := domain.NewSecret(random, domain.ModeLive)
				if err != nil {
					t.Error(err)
					return
				}
				d, err := s.Authorize(ctx, apikeys.Check{Secret: secret})
				if ctx.Err() == nil && (err != nil || d.Verdict != domain.VerdictNotFound) {
					t.Errorf("an unknown key: verdict %s, error %v", d.Verdict, err)
					return
				}
				checks.Add(1)
			}
		})
	}
	return func() int {
		cancel()
		flooding.Wait()
		return int(checks.Load())
	}
}

// countedLoads counts concurrent loads.
type countedLoads struct {
	*postgres.KeyRepository
	now, most atomic.Int64
}

func (c *countedLoads) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	now := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	return c.KeyRepository.Find(ctx, id)
}

func openPostgres(t testing.TB, databaseURL string) *postgres.KeyRepository {
	t.Helper()
	r, err := postgres.Open(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}
