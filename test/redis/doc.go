// Package redis compares the limits of keys with a limiter in Redis that is called for
// each check. It is a module of its own, because nothing else needs a client of Redis.
package redis
