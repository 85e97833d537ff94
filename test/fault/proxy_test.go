package fault

import (
	"net/url"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// line is a proxy in front of a database that injects faults.
type line struct {
	databaseURL string
	proxy       *toxiproxy.Proxy
}

func newLine(t *testing.T, databaseURL string) *line {
	t.Helper()
	at, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxics do not use the given logger
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	l := &line{proxy: toxiproxy.NewProxy(server, "database", "127.0.0.1:0", at.Host)}
	l.up(t)
	t.Cleanup(l.down)
	at.Host = l.proxy.Listen
	l.databaseURL = at.String()
	return l
}

// up makes the line accept connections again, at the same address.
func (l *line) up(t *testing.T) {
	t.Helper()
	if err := l.proxy.Start(); err != nil {
		t.Fatal(err)
	}
}

// down cuts all connections, and refuses new ones.
func (l *line) down() { l.proxy.Stop() }

// spoil adds faults to every connection, including existing ones.
func (l *line) spoil(t *testing.T, toxics ...string) {
	t.Helper()
	for _, toxic := range toxics {
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			t.Fatalf("%s: %v", toxic, err)
		}
	}
}

// mend removes the faults that spoil added.
func (l *line) mend(t *testing.T) {
	t.Helper()
	l.proxy.Toxics.ResetToxics(t.Context())
}
