// Package limits enforces the rate limits and quotas of keys in memory.
//
// A [Limiter] leases shares of a limit from a [ports.LimitStore] and spends them
// without asking again. A share is 1 % of the limit, and the next one is leased when
// half of it is left. The store never grants more than the limit, so all replicas
// together never admit more. What a process held when it crashed stays unspent in that
// window.
package limits
