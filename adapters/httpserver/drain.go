package httpserver

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// DrainTimeout is how long a stopping server waits for its requests in flight.
const DrainTimeout = 20 * time.Second

// Drain stops the servers one after the other: each stops accepting connections
// and gets [DrainTimeout] for its requests in flight. It returns an error if
// requests were aborted.
func Drain(ctx context.Context, servers ...*Server) error {
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Drain(ctx))
	}
	return errors.Join(errs...)
}

// Drain stops accepting connections and waits for the requests in flight, for at
// most [DrainTimeout]. It returns an error if requests were aborted.
func (s *Server) Drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, DrainTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests aborted: %w", err), s.http.Close())
	}
	return nil
}
