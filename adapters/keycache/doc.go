// Package keycache keeps keys in memory in front of the permission check, and
// keeps what it holds true.
//
// A change evicts its key: in the process that made it by [Cache.Evict],
// before the change is answered; in every other by the change feed, which
// [Cache.Follow] polls. How far an answer from memory is trusted depends on
// when the feed was last confirmed; see [Cache.Find].
package keycache
