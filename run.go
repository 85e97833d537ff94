package apikeys

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/slaunchx/apikeys/adapters/httpserver"
	"github.com/slaunchx/apikeys/config"
)

// Run listens on the addresses of the configuration until ctx ends or the service is
// closed. Then it drains the public listener, and after that the listeners that serve
// permission checks: the internal one and that of [WithExtAuthz]. Each step takes up to
// 20 s. Run returns nil, or an error if requests were aborted.
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

// Server serves permission checks over a protocol other than HTTP; see [WithExtAuthz].
type Server interface {
	// Serve serves the connections of l until Drain is called. It always returns a
	// non-nil error.
	Serve(l net.Listener) error
	// Drain stops accepting connections and waits for the checks in flight. When
	// ctx ends it aborts them, and returns an error.
	Drain(ctx context.Context) error
}

// listen contains the addresses on which a service listens.
type listen struct {
	public, internal string // host:port
	extAuthz         string // host:port, or empty
	guarded          bool   // whether callers of all listeners except the public one must send a token
}

// door is a server with its listener.
type door struct {
	variable string // the variable that sets the address
	server   Server
	listener net.Listener
}

// openDoors listens on every address. The public door is the first; the others
// serve permission checks.
func (s *Service) openDoors(ctx context.Context) ([]door, error) {
	doors := []door{
		{variable: publicAddr, server: httpserver.New(s.Handler(), s.bounds, s.logger)},
		{variable: internalAddr, server: httpserver.New(s.InternalHandler(), s.bounds, s.logger)},
	}
	addrs := []string{s.listen.public, s.listen.internal}
	if s.listen.extAuthz != "" {
		server, err := s.extAuthz(s.api.CheckServerOptions())
		if err != nil {
			return nil, err
		}
		doors = append(doors, door{variable: extAuthzAddr, server: server})
		addrs = append(addrs, s.listen.extAuthz)
	}
	for i := range doors {
		err := s.open(ctx, &doors[i], addrs[i])
		if err != nil {
			for _, opened := range doors[:i] {
				err = errors.Join(err, opened.listener.Close())
			}
			return nil, err
		}
	}
	return doors, nil
}

// The variables that name the addresses.
const (
	publicAddr   = "APIKEYS_ADDR"
	internalAddr = "APIKEYS_INTERNAL_ADDR"
	extAuthzAddr = "APIKEYS_EXT_AUTHZ_ADDR"
)

// open listens on addr. Permission checks are served to other machines only if
// callers must send a token.
func (s *Service) open(ctx context.Context, d *door, addr string) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("%s: %w", d.variable, err)
	}
	tcp, ok := listener.Addr().(*net.TCPAddr)
	if d.variable != publicAddr && !s.listen.guarded && !(ok && tcp.IP.IsLoopback()) {
		fault := config.Fault{
			Variable: "APIKEYS_INTERNAL_TOKEN",
			Problem:  "is missing; " + d.variable + " is " + listener.Addr().String() + ", which is not a loopback address",
		}
		return errors.Join(config.Faults{fault}, listener.Close())
	}
	if d.variable == extAuthzAddr { // an HTTP server limits them itself
		listener = httpserver.Limited(listener, s.bounds.Connections)
	}
	d.listener = listener
	return nil
}

func listenersOf(doors []door) Listeners {
	at := Listeners{Public: doors[0].listener.Addr(), Internal: doors[1].listener.Addr()}
	if len(doors) > 2 {
		at.ExtAuthz = doors[2].listener.Addr()
	}
	return at
}

func (l Listeners) attributes() []any {
	attributes := []any{"public", l.Public.String(), "internal", l.Internal.String()}
	if l.ExtAuthz != nil {
		attributes = append(attributes, "extAuthz", l.ExtAuthz.String())
	}
	return attributes
}

// drain stops the public door first, and then, all at the same time, the doors that
// serve permission checks. Each step has [httpserver.DrainTimeout].
func drain(ctx context.Context, doors []door) error {
	return errors.Join(drainAll(ctx, doors[:1]), drainAll(ctx, doors[1:]))
}

func drainAll(ctx context.Context, doors []door) error {
	ctx, cancel := context.WithTimeout(ctx, httpserver.DrainTimeout)
	defer cancel()
	errs := make([]error, len(doors))
	var all sync.WaitGroup
	for i, d := range doors {
		all.Go(func() { errs[i] = d.server.Drain(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}
