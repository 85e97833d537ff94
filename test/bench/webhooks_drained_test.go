package bench

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// The load of BenchmarkWebhooksDrained.
const (
	endpoints        = 100
	hangingEndpoints = 10
	targetDrained    = 1000        // deliveries a second, to those that respond
	targetDelivery   = time.Second // p99 from change to request
	warming          = 5 * time.Second
	offering         = 30 * time.Second
	changers         = 64              // callers that make changes
	drainedWithin    = 2 * time.Minute // of the last change
)

// BenchmarkWebhooksDrained makes deliveries at a fixed rate to 100 webhooks on
// PostgreSQL, 10 of which hang, and measures those to the other 90: how many arrive in a
// second, and how long after their change was due.
func BenchmarkWebhooksDrained(b *testing.B) {
	for _, perWorkspace := range []int{1, domain.MaxWebhooks} {
		b.Run(fmt.Sprintf("webhooks=%d", perWorkspace), func(b *testing.B) {
			d := newDrain(b, perWorkspace)
			for b.Loop() {
				d.offer(b)
			}
			d.report(b)
		})
	}
}

// drain is a service with webhooks in several workspaces, and their receivers.
type drain struct {
	service    *apikeys.Service
	workspaces []*apikeys.Workspace
	each       int           // webhooks in a workspace
	interval   time.Duration // between changes
	warm, all  int           // changes
	begun      time.Time
	made       []atomic.Int64 // when each change was begun, after begun
	closed     chan struct{}  // ends the requests to those that hang

	mu        sync.Mutex
	latencies []time.Duration // of what arrived after warming
	last      time.Time       // arrival
}

func newDrain(b *testing.B, perWorkspace int) *drain {
	b.Helper()
	changes := float64(targetDrained) * endpoints / (endpoints - hangingEndpoints) / float64(perWorkspace) // a second
	d := &drain{
		each: perWorkspace, interval: time.Duration(float64(time.Second) / changes), closed: make(chan struct{}),
		warm: int(warming.Seconds() * changes), all: int((warming + offering).Seconds() * changes),
	}
	cfg := settings(b, jwttest.NewIssuer(b), migrated(b, postgresEngine().durable(b)(b)))
	withWebhooks(b, &cfg)
	running := newServing(b, cfg)
	d.service = running.Service
	for i := range endpoints / perWorkspace {
		d.workspaces = append(d.workspaces, d.service.OperatorWorkspace("bench", domain.WorkspaceID(fmt.Sprintf("ws_%d", i)), domain.Origin{}))
	}
	for i := range endpoints {
		handler := http.HandlerFunc(d.receive)
		if i%(endpoints/hangingEndpoints) == 0 {
			handler = d.hang
		}
		receiver := httptest.NewServer(handler)
		b.Cleanup(receiver.Close)
		if _, err := d.workspaces[i/perWorkspace].CreateWebhook(b.Context(), domain.WebhookSpec{URL: receiver.URL}); err != nil {
			b.Fatal(err)
		}
	}
	b.Cleanup(func() {
		running.Stop()
		close(d.closed)
	})
	return d
}

// withWebhooks configures webhooks, whose receivers may be on this machine.
func withWebhooks(t testing.TB, cfg *config.Config) {
	t.Helper()
	key, err := secrets.NewPepper(rand.Reader, "s1")
	if err != nil {
		t.Fatal(err)
	}
	cfg.SealingKeys, cfg.WebhookInsecure = config.Secret(key), true
}

// numberOf finds the number of the change in the name of its key.
var numberOf = regexp.MustCompile(`"name":"key ([0-9]+)"`)

func (d *drain) receive(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	w.WriteHeader(http.StatusNoContent)
	body, err := io.ReadAll(r.Body)
	found := numberOf.FindSubmatch(body)
	if err != nil || found == nil {
		return // it is missed in the end
	}
	i, err := strconv.Atoi(string(found[1]))
	if err != nil || i < d.warm {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.latencies = append(d.latencies, now.Sub(d.begun)-time.Duration(d.made[i].Load()))
	d.last = now
}

func (d *drain) hang(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-d.closed:
	}
}

// due returns when change i is due.
func (d *drain) due(i int) time.Time { return d.begun.Add(time.Duration(i) * d.interval) }

// offer makes the changes at their times, and waits until they have arrived.
func (d *drain) offer(b *testing.B) {
	b.Helper()
	ctx := b.Context()
	d.latencies, d.made, d.begun = nil, make([]atomic.Int64, d.all), time.Now()
	var next atomic.Int64
	var working sync.WaitGroup
	for range changers {
		working.Go(func() {
			for i := int(next.Add(1) - 1); i < d.all; i = int(next.Add(1) - 1) {
				<-time.After(time.Until(d.due(i)))
				d.made[i].Store(int64(time.Since(d.begun)))
				spec := apikeys.KeySpec{Name: fmt.Sprintf("key %d", i), Scopes: spec.Scopes}
				if _, err := d.workspaces[i%len(d.workspaces)].CreateKey(ctx, spec); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	working.Wait()
	made := time.Since(d.begun)
	for wait := time.Now(); d.arrived() < d.wanted() && time.Since(wait) < drainedWithin; {
		<-time.After(10 * time.Millisecond)
	}
	if late := made - (warming + offering); late > time.Second {
		b.Logf("the changes were made %v late", late)
	}
}

func (d *drain) arrived() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.latencies)
}

// wanted returns the number of deliveries after warming to receivers that respond.
func (d *drain) wanted() (n int) {
	for i := d.warm; i < d.all; i++ {
		if d.each > 1 {
			n += d.each - d.each*hangingEndpoints/endpoints
		} else if i%len(d.workspaces)%(endpoints/hangingEndpoints) != 0 {
			n++
		}
	}
	return n
}

func (d *drain) report(b *testing.B) {
	b.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if missing := d.wanted() - len(d.latencies); missing != 0 {
		b.Errorf("%d deliveries have not arrived", missing)
	}
	slices.Sort(d.latencies)
	b.ReportMetric(0, "ns/op")
	offered := time.Duration(d.made[d.all-1].Load() - d.made[d.warm].Load()) // longer if the callers were late
	b.ReportMetric(float64(d.wanted())/offered.Seconds(), "offered/s")
	b.ReportMetric(float64(len(d.latencies))/d.last.Sub(d.due(d.warm)).Seconds(), "drained/s")
	b.ReportMetric(targetDrained, "target/s")
	b.ReportMetric(micros(quantile(d.latencies, 0.5))/1e3, "p50-ms")
	b.ReportMetric(micros(quantile(d.latencies, 0.99))/1e3, "p99-ms")
	b.ReportMetric(micros(d.latencies[len(d.latencies)-1])/1e3, "max-ms")
	b.ReportMetric(micros(targetDelivery)/1e3, "target-p99-ms")
}
