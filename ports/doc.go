// Package ports holds what the application needs from outside, each as an
// interface whose comments are its promises. The suites in portstest hold
// every adapter to them.
//
// An interface is admitted here when the application drives it, at least two
// adapters implement it, and a suite proves it. A clock is a func() time.Time,
// randomness an io.Reader and a log a *slog.Logger: they need no port.
package ports
