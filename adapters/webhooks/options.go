package webhooks

import (
	"crypto/x509"
	"log/slog"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"github.com/slaunchx/apikeys/ports"
)

// Options are the parts of a [Sender].
type Options struct {
	Outbox ports.Outbox
	// Sealer opens the secrets of webhooks.
	Sealer ports.SecretSealer
	// Now is the time that is signed.
	Now    func() time.Time
	Logger *slog.Logger
	// Insecure allows http, any port and any address, for development.
	Insecure bool
	// KeyIDs are the IDs of the sealing keys. Secrets that are sealed under another one
	// than the first are sealed again.
	KeyIDs []string

	// Roots are the certificate authorities that are trusted; nil: those of the system.
	Roots *x509.CertPool
	// Resolver looks names up; nil: the resolver of Go.
	Resolver *net.Resolver
	// Random returns a number in [0, 1); nil: a random one.
	Random func() float64
	// control replaces the guard of the dialler in tests of other parts.
	control func(network, address string, _ syscall.RawConn) error
}

func (o Options) random() func() float64 {
	if o.Random != nil {
		return o.Random
	}
	return rand.Float64
}
