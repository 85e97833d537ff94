package apikeys_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/slaunchx/apikeys"
)

// lines returns the metrics of registry as they are scraped.
func lines(t *testing.T, registry *prometheus.Registry) []string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("scrape: %d %s", w.Code, w.Body)
	}
	return strings.Split(w.Body.String(), "\n")
}

func TestWithMetrics_TellsTwoServicesOnOneRegistryApart(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	for service, checks := range map[string]int{"a": 1, "b": 2} {
		s, err := newService(t.Context(), apikeys.WithMetrics(registry, prometheus.Labels{"service": service}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		for range checks {
			if _, err := s.Authorize(t.Context(), apikeys.Check{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	scraped := lines(t, registry)
	for _, want := range []string{
		`apikeys_checks_total{service="a",verdict="NOT_FOUND"} 1`,
		`apikeys_checks_total{service="b",verdict="NOT_FOUND"} 2`,
	} {
		if !slices.Contains(scraped, want) {
			t.Errorf("no line %s", want)
		}
	}
	for _, line := range scraped {
		if strings.HasPrefix(line, "apikeys_go_") || strings.HasPrefix(line, "apikeys_process_") {
			t.Errorf("the registry has %s, which is not about the service", line)
		}
	}
}

func TestWithMetrics_LeavesTheRegistryAsItWas(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	labels := prometheus.Labels{"service": "a"}
	first, err := newService(t.Context(), apikeys.WithMetrics(registry, labels))
	if err != nil {
		t.Fatal(err)
	}
	before := lines(t, registry)
	for name, labels := range map[string]prometheus.Labels{
		"the labels of another service":    labels,
		"labels with other names":          {"instance": "a"},
		"no labels beside one that has":    nil,
		"a label that the metrics have":    {"verdict": "OK"},
		"a label whose name is not a name": {"\xff": "a"},
	} {
		if s, err := newService(t.Context(), apikeys.WithMetrics(registry, labels)); err == nil {
			t.Errorf("New accepts %s", name)
			s.Close()
		}
		if after := lines(t, registry); len(after) != len(before) {
			t.Errorf("after %s the registry has %d lines, want %d", name, len(after), len(before))
		}
	}
	first.Close()
	if after := lines(t, registry); len(after) != 1 {
		t.Errorf("after Close the registry has %v", after)
	}
	again, err := newService(t.Context(), apikeys.WithMetrics(registry, labels))
	if err != nil {
		t.Fatalf("the labels cannot be used again after Close: %v", err)
	}
	again.Close()
}

func TestNew_RefusesNilMetrics(t *testing.T) {
	t.Parallel()
	var none *prometheus.Registry
	for _, registerer := range []prometheus.Registerer{nil, none} {
		if _, err := newService(t.Context(), apikeys.WithMetrics(registerer, nil)); err == nil || !strings.Contains(err.Error(), "WithMetrics") {
			t.Errorf("New() = %v, want an error that names WithMetrics", err)
		}
	}
}
