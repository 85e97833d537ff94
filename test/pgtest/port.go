package pgtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports to choose from lie below the ranges from which Linux (32768 up)
// and macOS (49152 up) take the near ends of outgoing connections: while a
// server is stopped, a client's connection must not settle on its port.
const (
	firstPort = 15000
	lastPort  = 32000
)

// freePort returns a port of the loopback address that nobody listens on now.
func freePort() (string, error) {
	var listener net.ListenConfig
	for range 100 {
		port := strconv.Itoa(firstPort + rand.IntN(lastPort-firstPort+1)) //nolint:gosec // a port is no secret
		l, err := listener.Listen(context.Background(), "tcp", net.JoinHostPort(loopback, port))
		if err == nil {
			return port, l.Close()
		}
	}
	return "", errors.New("found no free port on " + loopback)
}
