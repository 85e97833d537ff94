package telemetry_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/ports"
)

// scrape reads the metrics over HTTP, as Prometheus does.
func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	res, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %v", res.Status, err)
	}
	return string(text)
}

// sample is one line of a scrape.
type sample struct {
	name   string
	labels map[string]string
	value  float64
}

var (
	sampleLine = regexp.MustCompile(`^(\w+)(?:\{(.*)\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

func samples(t *testing.T, text string) []sample {
	t.Helper()
	var all []sample
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		m := sampleLine.FindStringSubmatch(lines.Text())
		if m == nil {
			t.Fatalf("not a sample: %q", lines.Text())
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		s := sample{name: m[1], labels: map[string]string{}, value: value}
		for _, pair := range labelPair.FindAllStringSubmatch(m[2], -1) {
			s.labels[pair[1]] = pair[2]
		}
		all = append(all, s)
	}
	return all
}

// expect fails the test unless the scrape contains the given lines.
func expect(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("the scrape lacks the line %q", line)
		}
	}
}

// sources returns the sources of a service that has counted nothing.
func sources() ports.MetricSources {
	return ports.MetricSources{
		Routes:           []string{"/livez", "/internal/v1/api-keys/verify"},
		Cache:            func() ports.CacheStats { return ports.CacheStats{} },
		Usage:            func() ports.UsageStats { return ports.UsageStats{} },
		Limits:           func() ports.LimitStats { return ports.LimitStats{} },
		Leaks:            func() ports.LeakStats { return ports.LeakStats{} },
		KeyLimits:        func() ports.KeyLimitStats { return ports.KeyLimitStats{} },
		PepperMismatches: func() int { return 0 },
		Webhooks: func() ports.WebhookStats {
			return ports.WebhookStats{Attempts: map[string]uint64{"delivered": 0}, SealingKeys: map[string]int64{"s1": 0}}
		},
	}
}

// attached returns new metrics that read the given sources.
func attached(t *testing.T, sources ports.MetricSources) *telemetry.Metrics {
	t.Helper()
	return attachedWith(t, telemetry.Options{}, sources)
}

func attachedWith(t *testing.T, o telemetry.Options, sources ports.MetricSources) *telemetry.Metrics {
	t.Helper()
	m := telemetry.New(o)
	detach, err := m.Attach(sources)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(detach)
	return m
}
