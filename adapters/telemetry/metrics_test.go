package telemetry_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// golden lists all metrics with their types and labels, on which dashboards and
// alerts depend. It omits those of the Go runtime and the process, which differ
// between Go releases and operating systems.
var golden = []string{
	"apikeys_build_info gauge goversion version",
	"apikeys_cache_evictions_total counter",
	"apikeys_cache_hits_total counter",
	"apikeys_cache_keys gauge",
	"apikeys_cache_loads_in_flight gauge",
	"apikeys_cache_misses_total counter",
	"apikeys_check_duration_seconds histogram",
	"apikeys_checks_total counter verdict",
	"apikeys_feed_evictions_total counter",
	"apikeys_feed_failed_polls_total counter",
	"apikeys_feed_lag_seconds gauge",
	"apikeys_feed_losses_total counter",
	"apikeys_http_request_duration_seconds histogram route",
	"apikeys_http_requests_total counter method route status",
	"apikeys_leaked_secrets_total counter outcome",
	"apikeys_limit_lease_failures_total counter",
	"apikeys_limit_lease_waits_total counter",
	"apikeys_limit_leases_total counter",
	"apikeys_limit_unjudged_checks_total counter",
	"apikeys_limit_unspent_total counter",
	"apikeys_overloaded_total counter",
	"apikeys_pepper_mismatches gauge",
	"apikeys_rate_limited_total counter limit",
	"apikeys_usage_dropped_total counter",
	"apikeys_usage_failed_flushes_total counter",
	"apikeys_usage_pending_keys gauge",
	"apikeys_usage_uncounted_total counter",
	"apikeys_webhook_attempt_seconds_total counter",
	"apikeys_webhook_attempts_in_flight gauge",
	"apikeys_webhook_attempts_total counter result",
	"apikeys_webhook_deliveries_due gauge",
	"apikeys_webhook_deliveries_pending gauge",
	"apikeys_webhook_oldest_due_seconds gauge",
	"apikeys_webhook_paused_hosts gauge",
	"apikeys_webhook_sealed_webhooks gauge sealing_key",
}

func TestHandler_ServesTheseNamesTypesAndLabels(t *testing.T) {
	t.Parallel()
	m := attached(t, sources())
	m.ObserveRequest(t.Context(), "/livez", "GET", 200, time.Millisecond)
	text := scrape(t, m)

	types := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(text, -1) {
		types[line[1]] = line[2]
	}
	labels := map[string]map[string]bool{}
	for _, s := range samples(t, text) {
		family := s.name
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(s.name, suffix); types[base] == "histogram" {
				family = base
			}
		}
		if labels[family] == nil {
			labels[family] = map[string]bool{}
		}
		for name := range s.labels {
			if name != "le" {
				labels[family][name] = true
			}
		}
	}
	var got []string
	for family, kind := range types {
		if strings.HasPrefix(family, "apikeys_go_") || strings.HasPrefix(family, "apikeys_process_") {
			continue
		}
		got = append(got, strings.Join(append([]string{family, kind}, slices.Sorted(maps.Keys(labels[family]))...), " "))
	}
	slices.Sort(got)
	if diff := cmp.Diff(golden, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHandler_PrefixesEveryName(t *testing.T) {
	t.Parallel()
	text := scrape(t, attached(t, sources()))
	for _, s := range samples(t, text) {
		if !strings.HasPrefix(s.name, "apikeys_") {
			t.Errorf("%s does not begin with apikeys_", s.name)
		}
	}
	for _, name := range []string{"apikeys_go_goroutines ", "apikeys_process_cpu_seconds_total "} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("no %s", name)
		}
	}
}

func TestNew_WorksTwiceInOneProcess(t *testing.T) {
	t.Parallel()
	one, two := attached(t, sources()), attached(t, sources())
	one.EndCheck(one.BeginCheck(), domain.VerdictOK, nil)
	expect(t, scrape(t, one), `apikeys_checks_total{verdict="OK"} 1`)
	expect(t, scrape(t, two), `apikeys_checks_total{verdict="OK"} 0`)
}

func TestCache_IsReadOncePerScrape(t *testing.T) {
	t.Parallel()
	reads := 0
	o := sources()
	o.Cache = func() ports.CacheStats {
		reads++
		return ports.CacheStats{
			Hits: 1, Misses: 2, FeedEvictions: 3, FailedPolls: 4, Keys: 5, Loads: 6, FeedLosses: 7,
			Unconfirmed: 250 * time.Millisecond,
		}
	}
	expect(t, scrape(t, attached(t, o)),
		"apikeys_cache_hits_total 1", "apikeys_cache_misses_total 2", "apikeys_feed_evictions_total 3",
		"apikeys_feed_failed_polls_total 4", "apikeys_cache_keys 5", "apikeys_cache_loads_in_flight 6",
		"apikeys_feed_losses_total 7", "apikeys_feed_lag_seconds 0.25")
	if reads != 1 {
		t.Errorf("read %d times", reads)
	}
}

func TestCache_LagIsInfiniteUntilTheFeedIsConfirmed(t *testing.T) {
	t.Parallel()
	expect(t, scrape(t, attached(t, sources())), "apikeys_feed_lag_seconds +Inf")
}

func TestUsage(t *testing.T) {
	t.Parallel()
	o := sources()
	o.Usage = func() ports.UsageStats {
		return ports.UsageStats{Pending: 7, Dropped: 8, Uncounted: 5, FailedFlushes: 9}
	}
	expect(t, scrape(t, attached(t, o)),
		"apikeys_usage_pending_keys 7", "apikeys_usage_dropped_total 8", "apikeys_usage_uncounted_total 5", "apikeys_usage_failed_flushes_total 9")
}

func TestLimits(t *testing.T) {
	t.Parallel()
	o := sources()
	o.Limits = func() ports.LimitStats { return ports.LimitStats{Accounts: 7, Addresses: 8, Concurrency: 9, Leaks: 6} }
	expect(t, scrape(t, attached(t, o)),
		`apikeys_rate_limited_total{limit="account"} 7`, `apikeys_rate_limited_total{limit="address"} 8`,
		`apikeys_rate_limited_total{limit="leaks"} 6`, "apikeys_overloaded_total 9")
}

func TestLeaks(t *testing.T) {
	t.Parallel()
	o := sources()
	o.Leaks = func() ports.LeakStats { return ports.LeakStats{Unknown: 1, Recorded: 2, Disabled: 3, Ended: 4} }
	expect(t, scrape(t, attached(t, o)),
		`apikeys_leaked_secrets_total{outcome="unknown"} 1`, `apikeys_leaked_secrets_total{outcome="recorded"} 2`,
		`apikeys_leaked_secrets_total{outcome="disabled"} 3`, `apikeys_leaked_secrets_total{outcome="ended"} 4`)
}

func TestPeppers(t *testing.T) {
	t.Parallel()
	o := sources()
	o.PepperMismatches = func() int { return 2 }
	expect(t, scrape(t, attached(t, o)), "apikeys_pepper_mismatches 2")
}

func TestBuildInfo_NamesTheRelease(t *testing.T) {
	t.Parallel()
	m := attachedWith(t, telemetry.Options{Version: "v9.8.7"}, sources())
	if text := scrape(t, m); !strings.Contains(text, `version="v9.8.7"} 1`) {
		t.Error("the release is missing")
	}
}

func TestAttach_RefusesASecondService(t *testing.T) {
	t.Parallel()
	m := attached(t, sources())
	if _, err := m.Attach(sources()); err == nil {
		t.Error("the metrics of two services would be added up")
	}
	expect(t, scrape(t, m), "apikeys_usage_pending_keys 0")
}
