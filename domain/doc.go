// Package domain defines API keys and their rules: the properties of a key, the
// format of its secret, who may create one, and what it permits.
//
// The package is pure. It imports only the standard library, holds no lock and performs
// no I/O; time and randomness are arguments. The only exception is marshalling a key,
// which reads the clock to determine its status. Values are immutable, except for an
// [APIKey], which changes only through its methods and is not safe for concurrent use.
package domain
