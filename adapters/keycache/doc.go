// Package keycache caches keys for the permission check, and keeps the cache
// correct.
//
// A change evicts its key. In the process that made the change, [Cache.Evict] does so
// before the response to the change; in every other process, the change feed does,
// which [Cache.Follow] polls. How far the cache is trusted depends on when the feed was
// last confirmed; see [Cache.Find].
package keycache
