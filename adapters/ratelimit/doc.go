// Package ratelimit limits how many requests per minute are admitted under a
// name, such as an account or an address.
//
// Each name has a token bucket that holds one minute's allowance and refills
// at a constant rate. Buckets live in the memory of the process, their number is
// bounded, and they are keyed by a hash, so that names are not kept.
package ratelimit
