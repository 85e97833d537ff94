// Package keycache caches keys for the permission check, and keeps the cache
// correct.
//
// A change evicts its key: in the process that made it by [Cache.Evict], before
// the response to the change; in every other process by the change feed, which
// [Cache.Follow] polls. How far the cache is trusted depends on when the feed
// was last confirmed; see [Cache.Find].
package keycache
