package bench

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	revocations = 500
	// checkEvery is the interval of checks, and thereby the precision of the
	// measurement.
	checkEvery = time.Millisecond
	// deniedBy is the time after which the benchmark gives up on a key that is still accepted.
	deniedBy = 10 * time.Second
)

// BenchmarkCheckRevocation disables keys in one of three replicas, while the other
// two, each in its own process, check them continuously. It reports how long after
// the response to the change the others deny the keys.
func BenchmarkCheckRevocation(b *testing.B) {
	for _, way := range []struct {
		name       string
		prepare    func(testing.TB, string)
		p99, worst time.Duration
	}{
		{"notified", func(testing.TB, string) {}, 50 * time.Millisecond, time.Second},
		{"polled", suppressNotify, 0, 1500 * time.Millisecond},
	} {
		b.Run(way.name, func(b *testing.B) {
			databaseURL := migrated(b, pgtest.NewDatabase(b))
			way.prepare(b, databaseURL)
			late := revoke(b, databaseURL)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(quantile(late, 0.5).Seconds()*1e3, "p50-ms")
			b.ReportMetric(quantile(late, 0.99).Seconds()*1e3, "p99-ms")
			b.ReportMetric(late[len(late)-1].Seconds()*1e3, "worst-ms")
			if way.p99 != 0 {
				b.ReportMetric(way.p99.Seconds()*1e3, "target-p99-ms")
			}
			b.ReportMetric(way.worst.Seconds()*1e3, "target-worst-ms")
		})
	}
}

// suppressNotify replaces pg_notify in a database by a function that does nothing.
func suppressNotify(t testing.TB, databaseURL string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	db := postgresEngine().open(t, databaseURL)
	for _, statement := range []string{
		`CREATE SCHEMA silence`,
		`CREATE FUNCTION silence.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''`,
		`ALTER DATABASE ` + u.Path[1:] + ` SET search_path = silence, pg_catalog, public`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// revoke disables one key after the other and returns how long each of the other
// replicas accepted each key afterwards, sorted.
func revoke(b *testing.B, databaseURL string) []time.Duration {
	b.Helper()
	cfg := settings(b, jwttest.NewIssuer(b), databaseURL)
	repository := openPostgres(b, databaseURL)
	own := newEmbedded(b, cfg, apikeys.WithStore(apikeys.Store{Keys: repository, Changes: repository, Usage: repository}))
	others := []string{newReplica(b, databaseURL, cfg), newReplica(b, databaseURL, cfg)}
	var late []time.Duration
	for range revocations {
		secret := create(b, own)
		denials := make(chan denial, len(others))
		watching := make(chan struct{}, len(others))
		for _, address := range others {
			s := checkService{address: address, secret: secret.Reveal()}
			go watch(dial(b, address, s.authorizeRequest()), watching, denials)
		}
		for range others {
			<-watching
		}
		disable(b, repository, secret.KeyID())
		responded := time.Now()
		for range others {
			d := <-denials
			if d.err != nil {
				b.Fatal(d.err)
			}
			late = append(late, max(0, d.at.Sub(responded)))
		}
	}
	slices.Sort(late)
	return late
}

func disable(t testing.TB, keys ports.KeyWriter, id domain.KeyID) {
	t.Helper()
	err := keys.Update(t.Context(), workspace, id, func(k *domain.APIKey) (domain.Event, error) {
		return k.Disable("evt_"+rand.Text(), domain.Author{AccountID: account}, time.Now()), nil
	}, ports.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// denial is the time at which a replica first denied a key.
type denial struct {
	at  time.Time
	err error
}

// watch checks a key until it is denied. It sends on watching after the first check,
// which must be allowed; the key is then cached.
func watch(c *requester, watching chan<- struct{}, denials chan<- denial) {
	defer c.Close()
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	deadline := time.Now().Add(deniedBy)
	for accepted := 0; ; accepted++ {
		status, err := c.do()
		if accepted == 0 {
			watching <- struct{}{}
		}
		switch {
		case err == nil && string(status) == "HTTP/1.1 204 No Content":
		case err == nil && string(status) == "HTTP/1.1 401 Unauthorized" && accepted > 0:
			denials <- denial{at: time.Now()}
			return
		default:
			denials <- denial{err: fmt.Errorf("response is %q, error %w", status, err)}
			return
		}
		if time.Now().After(deadline) {
			denials <- denial{err: errors.New("a disabled key is still accepted")}
			return
		}
		<-tick.C
	}
}
