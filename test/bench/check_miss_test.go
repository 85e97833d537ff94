package bench

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// The targets of checks of keys that are not cached, with targetClients clients.
const (
	targetMiss     = 0.80 // of the rate of bare look-ups, in process
	targetMissHTTP = 0.35 // the same over HTTP
	targetScale    = 0.90 // of the same ratio with a hundredth of the keys
	lookups        = 4_000

	// missCache is the size of the cache. It is so small that no key is still
	// cached when it is checked again, whatever the size of the database.
	missCache = 100
)

// BenchmarkCheckMiss compares checks of keys that are not cached with the bare look-up
// of the same keys in PostgreSQL, by the same query, with the same driver and pool
// size, on a large and a small database. As far as bare-of-its-rate-at-10,000-keys is
// below 1, the loss is PostgreSQL's. The amount of work is fixed: -benchtime has no
// effect.
func BenchmarkCheckMiss(b *testing.B) {
	few, many := newMissing(b, 10_000), newMissing(b, 1_000_000)
	b.Run("in-process", func(b *testing.B) { compareMisses(b, few.inProcess, many.inProcess, targetMiss) })
	b.Run("http", func(b *testing.B) { compareMisses(b, few.overHTTP, many.overHTTP, targetMissHTTP) })
}

func compareMisses(b *testing.B, few, many pair, target float64) {
	b.Helper()
	turns := interleave(b,
		entrant{few.bare, targetClients, lookups}, entrant{few.service, targetClients, lookups},
		entrant{many.bare, targetClients, lookups}, entrant{many.service, targetClients, lookups})
	ratio := func(of, to int) result { return newResult(targetClients, turns[to], turns[of], turn.rate) }
	large := ratio(3, 2)
	large.report(b)
	b.ReportMetric(target, "target")
	b.ReportMetric(large.ratio()/ratio(1, 0).ratio(), "of-its-ratio-at-10,000-keys")
	b.ReportMetric(ratio(3, 1).ratio(), "of-its-rate-at-10,000-keys")
	b.ReportMetric(ratio(2, 0).ratio(), "bare-of-its-rate-at-10,000-keys")
	b.ReportMetric(targetScale, "target-of-10,000-keys")
}

// misses are the bare look-up paired with checks in process and over HTTP.
type misses struct{ inProcess, overHTTP pair }

// newMissing returns the pairs for a database with the given number of keys.
func newMissing(b *testing.B, keys int) misses {
	b.Helper()
	databaseURL := migrated(b, pgtest.NewDatabase(b))
	cfg := settings(b, jwttest.NewIssuer(b), databaseURL)
	cfg.CacheKeys = missCache
	secrets := seededSecrets(b, keys)
	storeKeys(b, databaseURL, hasher(b, cfg), secrets)
	bare := &selecting{find: newFind(b, databaseURL), keys: cursor{secrets: secrets}}
	inProcess := &missing{service: newEmbedded(b, cfg), keys: cursor{secrets: secrets}}
	overHTTP := &missingHTTP{address: newServing(b, cfg).Internal, keys: cursor{secrets: secrets}}
	return misses{inProcess: pair{bare, inProcess}, overHTTP: pair{bare, overHTTP}}
}

// cursor returns keys in rotation.
type cursor struct {
	secrets []domain.Secret
	next    int
}

func (c *cursor) take(n int) []domain.Secret {
	taken := make([]domain.Secret, n)
	for i := range taken {
		taken[i] = c.secrets[c.next%len(c.secrets)]
		c.next++
	}
	return taken
}

// missing is a side that checks keys that are not cached.
type missing struct {
	service *apikeys.Service
	keys    cursor
}

func (s *missing) clients(t testing.TB, n, keys int) []client {
	t.Helper()
	ctx, secrets := t.Context(), s.keys.take(keys)
	return alike(n, func(i int) error {
		d, err := s.service.Authorize(ctx, apikeys.Check{Secret: secrets[i], Scopes: []domain.Scope{"payment:read"}})
		if err == nil && !d.Allowed() {
			err = fmt.Errorf("verdict is %s", d.Verdict)
		}
		return err
	})
}

// missingHTTP is a side that does the same over HTTP.
type missingHTTP struct {
	address     string
	keys        cursor
	connections []*requester
}

func (s *missingHTTP) clients(t testing.TB, n, keys int) []client {
	t.Helper()
	var requests [][]byte
	for _, secret := range s.keys.take(keys) {
		requests = append(requests, (&checkService{address: s.address, secret: secret.Reveal()}).verifyRequest())
	}
	if response := requestOnce(t, s.address, requests[0]); !bytes.Contains(response.body, []byte(`"allowed":true`)) {
		t.Fatalf("response is %s", response.body)
	}
	for _, used := range s.connections { // from an earlier turn or benchmark
		used.Close()
	}
	s.connections = s.connections[:0]
	for range n {
		s.connections = append(s.connections, dial(t, s.address, nil))
	}
	return sending(s.connections, requests)
}
