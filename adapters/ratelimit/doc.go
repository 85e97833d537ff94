// Package ratelimit bounds how often something may happen under a name.
//
// Each name has a bucket with the allowance of a minute, which refills evenly.
// Buckets are kept in the memory of one process, so many and no more, and tell
// nothing of the names.
package ratelimit
