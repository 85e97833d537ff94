package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/servers"
)

const (
	clients = 16
	rounds  = 9 // odd, so that there is a median
	// target is the wanted ratio of the number of checks to the number of calls of
	// Redis.
	target = 5.0
)

// check makes one check that must be allowed.
type check func(ctx context.Context) error

func TestMain(m *testing.M) { pgtest.Main(m) }

// BenchmarkLimits compares checks of a key with a limit, which is counted in PostgreSQL,
// with calls of a limiter in Redis, which do nothing else. Both sides take turns. The
// amount of work is fixed: -benchtime has no effect.
func BenchmarkLimits(b *testing.B) {
	ours, theirs := newService(b), newRedis(b)
	rate(b, ours, 16_000)
	rate(b, theirs, 1_600)
	var ratios, checks, calls []float64
	for range rounds {
		calls = append(calls, rate(b, theirs, 16_000))
		checks = append(checks, rate(b, ours, 320_000))
		ratios = append(ratios, checks[len(checks)-1]/calls[len(calls)-1])
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(target, "target")
	b.ReportMetric(median(checks), "checks/s")
	b.ReportMetric(median(calls), "redis-calls/s")
}

func median(of []float64) float64 { return slices.Sorted(slices.Values(of))[len(of)/2] }

// rate returns how many times a second the clients together do what one of them does.
func rate(b *testing.B, do check, times int) float64 {
	b.Helper()
	var working sync.WaitGroup
	failures := make([]error, clients)
	begun := time.Now()
	for c := range clients {
		working.Go(func() {
			for n := 0; n < times/clients && failures[c] == nil; n++ {
				failures[c] = do(b.Context())
			}
		})
	}
	working.Wait()
	took := time.Since(begun)
	for _, err := range failures {
		if err != nil {
			b.Fatal(err)
		}
	}
	return float64(times) / took.Seconds()
}

// newService starts a service and returns a function that checks a key with a limit.
func newService(b *testing.B) check {
	b.Helper()
	pepper, err := secrets.NewPepper(rand.Reader, "p1")
	if err != nil {
		b.Fatal(err)
	}
	cfg := config.Default()
	cfg.DatabaseURL, cfg.Peppers = config.Secret(pgtest.NewDatabase(b)), config.Secret(pepper)
	service, err := apikeys.New(b.Context(), cfg, apikeys.WithLogger(slog.New(slog.DiscardHandler)), apikeys.WithAuthenticator(nobody{}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := service.Close(); err != nil {
			b.Error(err)
		}
	})
	created, err := service.OperatorWorkspace("benchmark", "ws_1", domain.Origin{}).CreateKey(b.Context(), apikeys.KeySpec{
		Name: "Limited", Scopes: []string{"payment:read"},
		RateLimits: []apikeys.RateLimitSpec{{Name: "default", Limit: domain.MaxRateLimit, WindowSeconds: domain.MaxWindowSeconds}},
	})
	if err != nil {
		b.Fatal(err)
	}
	asked := apikeys.Check{Secret: created.Secret, Scopes: []domain.Scope{"payment:read"}}
	return func(ctx context.Context) error {
		d, err := service.Authorize(ctx, asked)
		if err == nil && !d.Allowed() {
			err = fmt.Errorf("verdict %s", d.Verdict)
		}
		return err
	}
}

// nobody rejects every token: keys are created and checked by direct calls.
type nobody struct{}

func (nobody) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{}, domain.ErrInvalidToken
}

// newRedis starts Redis, which writes nothing to disk, and returns a function that
// calls a limiter in it.
func newRedis(b *testing.B) check {
	b.Helper()
	addr := servers.FreeAddr(b)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		b.Fatal(err)
	}
	cmd := servers.Command(b, "redis-server", "--bind", host, "--port", port, "--save", "", "--appendonly", "no")
	cmd.Dir = b.TempDir()
	servers.Start(b, cmd, addr)
	client := redis.NewClient(&redis.Options{Addr: addr, PoolSize: clients})
	b.Cleanup(func() {
		if err := client.Close(); err != nil {
			b.Error(err)
		}
	})
	limiter := redis_rate.NewLimiter(client)
	wantLimited(b, limiter)
	most := redis_rate.Limit{Rate: domain.MaxRateLimit, Burst: domain.MaxRateLimit, Period: domain.MaxWindowSeconds * time.Second}
	return func(ctx context.Context) error {
		result, err := limiter.Allow(ctx, "key", most)
		if err == nil && result.Allowed != 1 {
			err = fmt.Errorf("%d are allowed", result.Allowed)
		}
		return err
	}
}

// wantLimited requires that the limiter allows as much as a limit, and no more.
func wantLimited(b *testing.B, limiter *redis_rate.Limiter) {
	b.Helper()
	var allowed []string
	for range 3 {
		result, err := limiter.Allow(b.Context(), "small", redis_rate.Limit{Rate: 2, Burst: 2, Period: time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		allowed = append(allowed, strconv.Itoa(result.Allowed))
	}
	if !slices.Equal(allowed, []string{"1", "1", "0"}) {
		b.Fatalf("a limit of 2 allows %v", allowed)
	}
}
