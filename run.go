package apikeys

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/slaunchx/apikeys/adapters/httpserver"
	"github.com/slaunchx/apikeys/config"
)

// Run listens on the public and the internal address of the configuration
// until ctx ends or the service is closed. Then it drains both listeners for up
// to 20 s each, the internal one last, since others ask for permission there. It
// returns nil, or an error if requests were cut off.
func (s *Service) Run(ctx context.Context) error {
	if !s.begin() {
		return ErrClosed
	}
	defer s.serving.Done()
	internal, err := s.listen.openInternal(ctx)
	if err != nil {
		return err
	}
	public, err := open(ctx, "APIKEYS_ADDR", s.listen.public)
	if err != nil {
		return errors.Join(err, internal.Close())
	}
	servers := []*httpserver.Server{
		httpserver.New(s.Handler(), s.bounds, s.logger),
		httpserver.New(s.InternalHandler(), s.bounds, s.logger),
	}
	failed := make(chan error, len(servers))
	for i, l := range []net.Listener{public, internal} {
		go func() { failed <- servers[i].Serve(l) }()
	}
	s.logger.Info("listening", "public", public.Addr().String(), "internal", internal.Addr().String())
	s.listening(Listeners{Public: public.Addr(), Internal: internal.Addr()})

	select {
	case <-ctx.Done():
		err = nil
	case <-s.running.Done(): // closed
		err = nil
	case err = <-failed:
	}
	s.stopping.Store(true)
	return errors.Join(err, httpserver.Drain(context.WithoutCancel(ctx), servers...))
}

// listen is where a service listens.
type listen struct {
	public, internal string // host:port
	guarded          bool   // callers of the internal side must prove themselves
}

// openInternal refuses to let anyone ask who is not on this machine, unless
// callers must prove themselves.
func (l listen) openInternal(ctx context.Context) (net.Listener, error) {
	listener, err := open(ctx, "APIKEYS_INTERNAL_ADDR", l.internal)
	if err != nil {
		return nil, err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); l.guarded || ok && tcp.IP.IsLoopback() {
		return listener, nil
	}
	fault := config.Fault{
		Variable: "APIKEYS_INTERNAL_TOKEN",
		Problem:  "is missing; APIKEYS_INTERNAL_ADDR is " + listener.Addr().String() + ", which is not a loopback address",
	}
	return nil, errors.Join(config.Faults{fault}, listener.Close())
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
