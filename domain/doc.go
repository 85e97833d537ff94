// Package domain holds the rules of API keys: what a key is, how its secret
// is written, who may make one, and when it opens a door.
//
// The package is pure. It imports the standard library alone, reads no clock,
// holds no lock and does no input or output: time and randomness are
// arguments. Values are immutable once made; an [APIKey] changes only through
// its methods and is not safe for concurrent change.
package domain
