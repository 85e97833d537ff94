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
	// Now returns the time for signatures.
	Now    func() time.Time
	Logger *slog.Logger
	// Insecure allows http, any port and any address, for development.
	Insecure bool
	// KeyIDs are the IDs of the sealing keys, the current one first. Secrets sealed
	// under any other key are sealed again under the current one.
	KeyIDs []string

	// Roots are the trusted certificate authorities; nil means those of the system.
	Roots *x509.CertPool
	// Resolver looks up host names; nil means Go's default resolver.
	Resolver *net.Resolver
	// Random returns a number in [0, 1); nil means a random one.
	Random func() float64
	// control replaces the dialler's guard in tests that are not about it.
	control func(network, address string, _ syscall.RawConn) error
}

func (o Options) random() func() float64 {
	if o.Random != nil {
		return o.Random
	}
	return rand.Float64
}
