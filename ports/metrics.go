package ports

import "time"

// MetricSources are the sources of the metrics of a service. Each function is called
// once per scrape and must be safe for concurrent use.
type MetricSources struct {
	// Routes are the templates of the HTTP routes that the service serves.
	Routes []string
	Cache  func() CacheStats
	Usage  func() UsageStats
	Limits func() LimitStats
	Leaks  func() LeakStats
	// KeyLimits is a reading of the limits of keys.
	KeyLimits func() KeyLimitStats
	// PepperMismatches returns the number of configured peppers that are not the
	// ones used under their IDs before.
	PepperMismatches func() int
	// Webhooks is a reading of the sender of deliveries. It is nil if the store keeps no
	// webhooks.
	Webhooks func() WebhookStats
}

// CacheStats is a reading of the key cache.
type CacheStats struct {
	Hits          uint64        // look-ups served from the cache
	Misses        uint64        // look-ups that read the store
	Evictions     uint64        // keys evicted to make room for others
	FeedEvictions uint64        // keys evicted because the change feed reported them
	FeedLosses    uint64        // times every key was evicted because changes may have been missed
	FailedPolls   uint64        // polls of the change feed that failed
	Keys          int           // approximate number of cached keys
	Loads         int           // reads of the store in flight or waiting
	Unconfirmed   time.Duration // time since the feed was last confirmed; 0 if it never was
}

// UsageStats is a reading of the queue of key usage.
type UsageStats struct {
	Pending       int    // keys whose use is not yet written
	Dropped       uint64 // uses dropped because a queue was full
	Uncounted     uint64 // checks that may not be counted because too many keys wait
	FailedFlushes uint64 // batches that could not be written
}

// LeakStats is a reading of the leaked secrets that were reported.
type LeakStats struct {
	Unknown  uint64 // of no living key
	Recorded uint64 // had already stopped working, or are only recorded
	Disabled uint64 // led to their key being disabled
	Ended    uint64 // superseded ones, whose grace period was ended
}

// KeyLimitStats is a reading of the shares that a replica holds of the limits of keys.
type KeyLimitStats struct {
	Requests uint64 // to the store for shares
	Failures uint64 // requests that failed
	Waits    uint64 // checks that waited for a request
	Unspent  uint64 // units held at the end of their window
	Unjudged uint64 // checks allowed without their rate limits, because the store did not respond
}

// WebhookStats is a reading of the sender of deliveries to webhooks.
type WebhookStats struct {
	Attempts    map[string]uint64 // by result
	Took        time.Duration     // of all attempts together
	InFlight    int               // attempts in flight
	PausedHosts int               // hosts that are not called for a while, because connections to them fail
	Queue       QueueState        // of all replicas
	// SealingKeys maps the ID of each sealing key to the number of webhooks that have a
	// secret sealed under it.
	SealingKeys map[string]int64
}

// LimitStats is a reading of the requests that were rejected by rate or concurrency
// limits.
type LimitStats struct {
	Accounts    uint64 // requests over the rate limit of an account
	Addresses   uint64 // failed authentications over the rate limit of an address
	Leaks       uint64 // leak reports over the rate limit of an address
	Concurrency uint64 // requests over the limit of requests in flight
}
