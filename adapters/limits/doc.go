// Package limits enforces the rate limits and quotas of keys in memory.
//
// A [Limiter] leases shares of a limit from a [ports.LimitStore] and spends them
// without asking again: 1 % of the limit at a time, and the next share when half of one
// is left. The store never grants more than the limit, so all replicas together never
// admit more. What a crashed process held is not admitted in that window.
package limits
