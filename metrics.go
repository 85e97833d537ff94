package apikeys

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/httpapi"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func provideMetrics(o *options, keys keys, usage *application.Usage, limits limits) *telemetry.Metrics {
	return telemetry.New(telemetry.Options{
		Routes:  httpapi.Routes(),
		Cache:   func() telemetry.CacheStats { return telemetry.CacheStats(keys.cache.Stats()) },
		Usage:   func() telemetry.UsageStats { return telemetry.UsageStats(usage.Stats()) },
		Limits:  limits.stats,
		Version: o.version,
	})
}

// metered counts the checks it passes on, whichever door they come through.
type metered struct {
	checks  *application.Authorize
	metrics *telemetry.Metrics
}

func provideMetered(checks *application.Authorize, metrics *telemetry.Metrics) metered {
	return metered{checks: checks, metrics: metrics}
}

// Do answers check as the use case does.
func (m metered) Do(ctx context.Context, check domain.Check) (domain.Decision, error) {
	timing := m.metrics.BeginCheck()
	decision, err := m.checks.Do(ctx, check)
	m.metrics.EndCheck(timing, decision.Verdict, err)
	return decision, err
}
