package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Targets of checks of keys with one limit of which this process holds a share, relative
// to keys without limits: how many times as long a direct call may take, and the rate
// over HTTP.
const (
	targetLimited     = 1.3
	targetLimitedHTTP = 0.9
)

// BenchmarkLimits measures what a limit adds to a check. The amount of work is fixed:
// -benchtime has no effect.
func BenchmarkLimits(b *testing.B) {
	b.Run("direct", func(b *testing.B) {
		without, with := newChecking(b, 1), newChecking(b, 1)
		with.secrets[0] = createLimited(b, with.service, domain.MaxRateLimit)
		turns := interleave(b, entrant{without, 1, batches}, entrant{with, 1, batches})
		r := newResult(1, turns[0], turns[1], turn.undisturbed)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(r.ratio(), "ratio")
		b.ReportMetric(targetLimited, "target")
		b.ReportMetric(perOperation(r.bare.p50), "unlimited-ns")
		b.ReportMetric(perOperation(r.service.p50), "limited-ns")
	})
	for _, clients := range []int{1, targetClients} {
		b.Run(fmt.Sprintf("verify/clients=%d", clients), func(b *testing.B) {
			running := newServing(b, settings(b, jwttest.NewIssuer(b), "memory://"))
			verify := func(secret domain.Secret) *repeating {
				s := checkService{address: running.Internal, secret: secret.Reveal()}
				response := requestOnce(b, s.address, s.verifyRequest())
				return &repeating{address: s.address, request: s.verifyRequest(), status: response.status}
			}
			r := compareChecks(b, pair{
				bare:    verify(create(b, running.Service)),
				service: verify(createLimited(b, running.Service, domain.MaxRateLimit)),
			}, clients)
			r.report(b)
			b.ReportMetric(targetLimitedHTTP, "target")
		})
	}
	for _, limit := range []int64{10, 100, 10_000, 1_000_000} {
		b.Run(fmt.Sprintf("leases/limit=%d", limit), func(b *testing.B) {
			const checks = 10_000
			counts := &countedLimits{LimitStore: memory.NewLimitStore(time.Now)}
			service := newEmbedded(b, settings(b, jwttest.NewIssuer(b), "memory://"),
				apikeys.WithStore(apikeys.Store{Keys: memory.NewKeyRepository(), Limits: counts}))
			check := apikeys.Check{Secret: createLimited(b, service, limit)}
			admitted := int64(0)
			for range checks {
				d, err := service.Authorize(b.Context(), check)
				if err != nil {
					b.Fatal(err)
				}
				if d.Allowed() {
					admitted++
				}
			}
			if want := min(limit, checks); admitted != want {
				b.Fatalf("%d checks are admitted, want %d", admitted, want)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(counts.leases.Load()), "leases/10k-checks")
		})
	}
}

// createLimited creates a key that may be checked the given number of times a day.
func createLimited(t testing.TB, s *apikeys.Service, limit int64) domain.Secret {
	t.Helper()
	limited := spec
	limited.RateLimits = []apikeys.RateLimitSpec{{Name: "default", Limit: limit, WindowSeconds: 86_400}}
	created, err := openWorkspace(t, s).CreateKey(t.Context(), limited)
	if err != nil {
		t.Fatal(err)
	}
	return created.Secret
}

// countedLimits counts the requests for shares.
type countedLimits struct {
	ports.LimitStore
	leases atomic.Int64
}

func (c *countedLimits) Lease(ctx context.Context, request ports.LeaseRequest) (ports.Lease, error) {
	c.leases.Add(1)
	return c.LimitStore.Lease(ctx, request)
}
