// Package domain defines API keys and their rules: the properties of a key, the
// format of its secret, who may create one, and what it permits.
//
// The package is pure. It imports only the standard library, holds no lock and
// performs no I/O; time and randomness are arguments. Only marshalling a key, which
// has a status, reads the clock. Values are immutable, except for an [APIKey], which
// changes only through its methods and is not safe for concurrent use.
package domain
