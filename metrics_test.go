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
	"github.com/slaunchx/apikeys/adapters/telemetry"
)

// measured returns the option that adds metrics to registry.
func measured(registry *prometheus.Registry, labels prometheus.Labels) apikeys.Option {
	return apikeys.WithMetrics(telemetry.New(telemetry.Options{Registerer: registry, Labels: labels}))
}

// lines returns the metrics of registry in the format of a scrape.
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
		s, err := newService(t.Context(), measured(registry, prometheus.Labels{"service": service}))
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
	first, err := newService(t.Context(), measured(registry, labels))
	if err != nil {
		t.Fatal(err)
	}
	before := lines(t, registry)
	for name, labels := range map[string]prometheus.Labels{
		"the labels of another service":       labels,
		"labels with other names":             {"instance": "a"},
		"no labels, unlike the other service": nil,
		"a label that the metrics have":       {"verdict": "OK"},
		"a label whose name is not a name":    {"\xff": "a"},
	} {
		if s, err := newService(t.Context(), measured(registry, labels)); err == nil {
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
	again, err := newService(t.Context(), measured(registry, labels))
	if err != nil {
		t.Fatalf("the labels cannot be used again after Close: %v", err)
	}
	again.Close()
}

func TestWithMetrics_RefusesTheMetricsOfAnotherService(t *testing.T) {
	t.Parallel()
	metrics := telemetry.New(telemetry.Options{})
	first, err := newService(t.Context(), apikeys.WithMetrics(metrics))
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if second, err := newService(t.Context(), apikeys.WithMetrics(metrics)); err == nil {
		t.Error(second.Close())
	}
}

func TestInternalHandler_ServesNoMetricsIfNothingIsMeasured(t *testing.T) {
	t.Parallel()
	service, err := newService(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	if _, err := service.Authorize(t.Context(), apikeys.Check{}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	service.InternalHandler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `"code":"4041"`) {
		t.Errorf("GET /metrics: %d %s, want 404 with code 4041", w.Code, w.Body)
	}
}
