// Package ports defines the interfaces that the application requires, such as the store
// of keys. Their doc comments state the promises that every implementation must keep;
// the suites in portstest test them.
//
// An interface belongs here if the application calls it, at least two adapters
// implement it, and a suite tests it. Time, randomness and logging are a
// func() time.Time, an io.Reader and a *slog.Logger instead.
package ports
