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

// The targets of checks that find nothing in memory, at targetClients.
const (
	targetMiss     = 0.80 // of the bare look-ups' rate, in process
	targetMissHTTP = 0.35 // the same over HTTP
	targetScale    = 0.90 // of its own rate with a hundredth of the keys
	lookups        = 4_000
)

// BenchmarkCheckMiss compares checks of which every one must read its key with
// the bare look-up of the same key in PostgreSQL, by the same query through
// the same driver and as large a pool. The work is of a fixed size: -benchtime
// changes nothing.
func BenchmarkCheckMiss(b *testing.B) {
	few, many := newMissing(b, 10_000), newMissing(b, 1_000_000)
	b.Run("in-process", func(b *testing.B) { compareMisses(b, few.inProcess, many.inProcess, targetMiss) })
	b.Run("http", func(b *testing.B) { compareMisses(b, few.overHTTP, many.overHTTP, targetMissHTTP) })
}

func compareMisses(b *testing.B, few, many pair, target float64) {
	b.Helper()
	turns := interleave(b,
		entrant{few.service, targetClients, lookups},
		entrant{many.bare, targetClients, lookups}, entrant{many.service, targetClients, lookups})
	beside := newResult(targetClients, turns[1], turns[2], turn.rate)
	beside.report(b)
	b.ReportMetric(target, "target")
	b.ReportMetric(newResult(targetClients, turns[0], turns[2], turn.rate).ratio(), "of-10,000-keys")
	b.ReportMetric(targetScale, "target-of-10,000-keys")
}

// misses are the bare look-up and its counterparts on one database.
type misses struct{ inProcess, overHTTP pair }

// newMissing returns them on a database with that many keys.
func newMissing(b *testing.B, keys int) misses {
	b.Helper()
	databaseURL := migrated(b, pgtest.NewDatabase(b))
	cfg := settings(b, jwttest.NewIssuer(b), databaseURL)
	cfg.CacheKeys = keys / 100 // in which none of them stays until it is asked for again
	secrets := seededSecrets(b, keys)
	storeKeys(b, databaseURL, hasher(b, cfg), secrets)
	bare := &selecting{find: newFind(b, databaseURL), keys: cursor{secrets: secrets}}
	inProcess := &missing{service: newEmbedded(b, cfg), keys: cursor{secrets: secrets}}
	_, listeners := newServing(b, cfg)
	overHTTP := &missingHTTP{address: listeners.Internal.String(), keys: cursor{secrets: secrets}}
	return misses{inProcess: pair{bare, inProcess}, overHTTP: pair{bare, overHTTP}}
}

// cursor gives out keys, each as often as the others.
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

// missing is a side that checks keys which are not in memory.
type missing struct {
	service *apikeys.Service
	keys    cursor
}

func (s *missing) clients(t testing.TB, n, keys int) []client {
	t.Helper()
	ctx, secrets := t.Context(), s.keys.take(keys)
	all := make([]client, n)
	for c := range all {
		all[c] = func(i int) error {
			d, err := s.service.Authorize(ctx, apikeys.Check{Secret: secrets[i], Scopes: []domain.Scope{"payment:read"}})
			if err == nil && !d.Allowed() {
				err = fmt.Errorf("verdict is %s", d.Verdict)
			}
			return err
		}
	}
	return all
}

// missingHTTP is a side that asks for the same over HTTP.
type missingHTTP struct {
	address     string
	keys        cursor
	connections []*questioner
}

func (s *missingHTTP) clients(t testing.TB, n, keys int) []client {
	t.Helper()
	var requests [][]byte
	for _, secret := range s.keys.take(keys) {
		requests = append(requests, (&checkService{address: s.address, secret: secret.Reveal()}).verifyRequest())
	}
	if answer := askOnce(t, s.address, requests[0]); !bytes.Contains(answer.body, []byte(`"allowed":true`)) {
		t.Fatalf("answer is %s", answer.body)
	}
	for len(s.connections) < n {
		s.connections = append(s.connections, dial(t, s.address, nil))
	}
	all := make([]client, n)
	for c := range all {
		connection := s.connections[c]
		all[c] = func(i int) error {
			connection.request = requests[i]
			status, err := connection.ask()
			if err == nil && string(status) != "HTTP/1.1 200 OK" {
				err = fmt.Errorf("answer is %q", status)
			}
			return err
		}
	}
	return all
}
