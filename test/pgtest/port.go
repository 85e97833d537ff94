package pgtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports to choose from are below the ephemeral ranges of Linux (from 32768) and
// macOS (from 49152), so that no outgoing connection takes the port of a stopped
// server.
const (
	firstPort = 15000
	lastPort  = 32000
)

// freePort returns a port on the loopback address that is free now.
func freePort() (string, error) {
	var listener net.ListenConfig
	for range 100 {
		port := strconv.Itoa(firstPort + rand.IntN(lastPort-firstPort+1)) //nolint:gosec // a port is not a secret
		l, err := listener.Listen(context.Background(), "tcp", net.JoinHostPort(loopback, port))
		if err == nil {
			return port, l.Close()
		}
	}
	return "", errors.New("found no free port on " + loopback)
}
