// Package traces_test checks the traces that the service sends to a collector.
package traces_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/slaunchx/apikeys/test/pgtest"
)

// received is the collector of all services in this package's tests. They share the
// environment that names it.
var received collector

func TestMain(m *testing.M) {
	server := httptest.NewServer(&received)
	if err := os.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL); err != nil {
		panic(err)
	}
	pgtest.Main(m)
}

// collector receives traces by OTLP over HTTP.
type collector struct {
	mu    sync.Mutex
	raw   [][]byte
	spans []span
}

// span is a span with its text attributes.
type span struct {
	*tracepb.Span
	attributes map[string]string
}

func (s span) trace() string  { return hex.EncodeToString(s.TraceId) }
func (s span) id() string     { return hex.EncodeToString(s.SpanId) }
func (s span) parent() string { return hex.EncodeToString(s.ParentSpanId) }

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var batch collectorpb.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &batch)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, "not OTLP", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = append(c.raw, body)
	for _, resource := range batch.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, span{s, words(resource.Resource.Attributes, s.Attributes)})
			}
		}
	}
}

func words(attributes ...[]*commonpb.KeyValue) map[string]string {
	texts := map[string]string{}
	for _, a := range slices.Concat(attributes...) {
		texts[a.Key] = a.Value.GetStringValue()
	}
	return texts
}

// contains reports whether text occurs anywhere in the received data.
func (c *collector) contains(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.raw, func(body []byte) bool { return bytes.Contains(body, []byte(text)) })
}

// spansThat returns the spans for which f returns true, by start time.
func (c *collector) spansThat(f func(span) bool) (found []span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if f(s) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b span) int { return cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano) })
	return found
}

// request returns the span of the request with the given ID.
func (c *collector) request(t *testing.T, id string) span {
	t.Helper()
	found := c.spansThat(func(s span) bool { return s.attributes["apikeys.request_id"] == id })
	if len(found) != 1 {
		t.Fatalf("%d spans of request %s, want one", len(found), id)
	}
	return found[0]
}

// below returns the names of the spans below s, depth first, with a dot for each
// level.
func (c *collector) below(s span) (names []string) {
	for _, child := range c.spansThat(func(other span) bool { return other.parent() == s.id() }) {
		names = append(names, child.Name)
		for _, name := range c.below(child) {
			names = append(names, "."+name)
		}
	}
	return names
}
