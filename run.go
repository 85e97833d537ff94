package apikeys

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Run listens on the addresses of the configuration until ctx ends or the
// service is closed. Then it drains the public listener, and after it those
// that serve permission checks: the internal one and that of [WithExtAuthz].
// Each step takes up to 20 s. Run returns nil, or an error if requests were
// aborted.
func (s *Service) Run(ctx context.Context) error {
	if !s.begin() {
		return ErrClosed
	}
	defer s.serving.Done()
	doors, err := s.openDoors(ctx)
	if err != nil {
		return err
	}
	failed := make(chan error, len(doors))
	for _, d := range doors {
		go func() { failed <- d.server.Serve(d.listener) }()
	}
	at := listenersOf(doors)
	s.logger.Info("listening", at.attributes()...)
	s.listening(at)

	select {
	case <-ctx.Done():
		err = nil
	case <-s.running.Done(): // closed
		err = nil
	case err = <-failed:
	}
	s.stopping.Store(true)
	return errors.Join(err, drain(context.WithoutCancel(ctx), doors))
}

// open listens on addr, which the operator sets by that variable.
func open(ctx context.Context, variable, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	return l, nil
}
