package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys/ports"
)

var (
	usagePending   = describe("usage_pending_keys", "Keys whose last use is not yet written.")
	usageDropped   = describe("usage_dropped_total", "Uses of keys dropped because the queue was full.")
	usageUncounted = describe("usage_uncounted_total", "Checks that may not be counted in the usage of their keys, because too many keys waited to be written.")
	usageFailures  = describe("usage_failed_flushes_total", "Batches of key usage that could not be written.")
)

func usageCollector(read func() ports.UsageStats) prometheus.Collector {
	return collector[ports.UsageStats]{
		metrics: []*prometheus.Desc{usagePending, usageDropped, usageUncounted, usageFailures},
		read:    read,
		send: func(out chan<- prometheus.Metric, s ports.UsageStats) {
			out <- gauge(usagePending, float64(s.Pending))
			out <- counter(usageDropped, s.Dropped)
			out <- counter(usageUncounted, s.Uncounted)
			out <- counter(usageFailures, s.FailedFlushes)
		},
	}
}

var (
	rateLimited = describe("rate_limited_total",
		"Requests answered with 429, by limit: account, address for failed authentications, or leaks for leak reports.", "limit")
	overloaded = describe("overloaded_total", "Management requests and leak reports answered with 503 because too many were in flight.")
)

func limitCollector(read func() ports.LimitStats) prometheus.Collector {
	return collector[ports.LimitStats]{
		metrics: []*prometheus.Desc{rateLimited, overloaded},
		read:    read,
		send: func(out chan<- prometheus.Metric, s ports.LimitStats) {
			out <- counter(rateLimited, s.Accounts, "account")
			out <- counter(rateLimited, s.Addresses, "address")
			out <- counter(rateLimited, s.Leaks, "leaks")
			out <- counter(overloaded, s.Concurrency)
		},
	}
}

var leakedSecrets = describe("leaked_secrets_total",
	"Secrets in leak reports, by outcome: disabled (the key), ended (the grace period of the secret), recorded, or unknown if of no living key.",
	"outcome")

func leakCollector(read func() ports.LeakStats) prometheus.Collector {
	return collector[ports.LeakStats]{
		metrics: []*prometheus.Desc{leakedSecrets},
		read:    read,
		send: func(out chan<- prometheus.Metric, s ports.LeakStats) {
			out <- counter(leakedSecrets, s.Disabled, "disabled")
			out <- counter(leakedSecrets, s.Ended, "ended")
			out <- counter(leakedSecrets, s.Recorded, "recorded")
			out <- counter(leakedSecrets, s.Unknown, "unknown")
		},
	}
}

var (
	leaseRequests = describe("limit_leases_total", "Requests to the store for shares of the limits of keys.")
	leaseFailures = describe("limit_lease_failures_total", "Requests for shares of limits that failed.")
	leaseWaits    = describe("limit_lease_waits_total", "Permission checks that waited for a share of a limit.")
	unspentShares = describe("limit_unspent_total", "Units of limits that this process held unspent at the end of their window.")
	unseenChecks  = describe("limit_unjudged_checks_total", "Permission checks allowed without their rate limits, because the store did not respond.")
)

func keyLimitCollector(read func() ports.KeyLimitStats) prometheus.Collector {
	return collector[ports.KeyLimitStats]{
		metrics: []*prometheus.Desc{leaseRequests, leaseFailures, leaseWaits, unspentShares, unseenChecks},
		read:    read,
		send: func(out chan<- prometheus.Metric, s ports.KeyLimitStats) {
			out <- counter(leaseRequests, s.Requests)
			out <- counter(leaseFailures, s.Failures)
			out <- counter(leaseWaits, s.Waits)
			out <- counter(unspentShares, s.Unspent)
			out <- counter(unseenChecks, s.Unjudged)
		},
	}
}
