// Package traces_test reads what the service sends to a collector.
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

// received is what all services of this package's tests have sent. They learn
// where to from the environment, which they share.
var received collector

func TestMain(m *testing.M) {
	server := httptest.NewServer(&received)
	if err := os.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL); err != nil {
		panic(err)
	}
	pgtest.Main(m)
}

// collector takes traces by OTLP over HTTP.
type collector struct {
	mu    sync.Mutex
	raw   [][]byte
	spans []span
}

// span is one span, and what it says in the words of attributes.
type span struct {
	*tracepb.Span
	says map[string]string
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
	says := map[string]string{}
	for _, a := range slices.Concat(attributes...) {
		says[a.Key] = a.Value.GetStringValue()
	}
	return says
}

// holds says whether text is anywhere in what was sent.
func (c *collector) holds(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.raw, func(body []byte) bool { return bytes.Contains(body, []byte(text)) })
}

// that returns the spans that f admits, as they began.
func (c *collector) that(f func(span) bool) (found []span) {
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

// request returns the span of the request with that identifier.
func (c *collector) request(t *testing.T, id string) span {
	t.Helper()
	found := c.that(func(s span) bool { return s.says["apikeys.request_id"] == id })
	if len(found) != 1 {
		t.Fatalf("%d spans of request %s, want one", len(found), id)
	}
	return found[0]
}

// below returns the names of the spans below s, depth first, each level marked
// by a dot.
func (c *collector) below(s span) (names []string) {
	for _, child := range c.that(func(other span) bool { return other.parent() == s.id() }) {
		names = append(names, child.Name)
		for _, name := range c.below(child) {
			names = append(names, "."+name)
		}
	}
	return names
}
