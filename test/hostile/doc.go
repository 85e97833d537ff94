// Package hostile speaks to a running service as no client should: by raw TCP,
// with requests that are malformed, ambiguous or unending. Whatever it is
// sent, the service refuses it or understands it in one way only, goes on
// serving others, and repeats nothing of it in its log.
package hostile
