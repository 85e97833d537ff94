// Package serving runs a service for tests that access it over the network.
package serving

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// Service is a running service.
type Service struct {
	*apikeys.Service

	Public, Internal string // host:port
	ExtAuthz         string // host:port, or empty if it is not served
	// Stop stops the service before the test ends.
	Stop func()
}

// Start runs a service until the test ends, and fails the test if the service does
// not stop cleanly. By default it logs nothing and serves metrics.
func Start(t testing.TB, cfg config.Config, options ...apikeys.Option) *Service {
	t.Helper()
	listening := make(chan apikeys.Listeners, 1)
	service, err := apikeys.New(t.Context(), cfg, append([]apikeys.Option{
		apikeys.WithLogger(slog.New(slog.DiscardHandler)),
		apikeys.WithMetrics(telemetry.New(telemetry.Options{})),
		apikeys.WithListening(func(l apikeys.Listeners) { listening <- l }),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- service.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("Run() = %v", err)
		}
		if err := service.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	t.Cleanup(stop)
	select {
	case l := <-listening:
		running := &Service{Service: service, Public: l.Public.String(), Internal: l.Internal.String(), Stop: stop}
		if l.ExtAuthz != nil {
			running.ExtAuthz = l.ExtAuthz.String()
		}
		return running
	case err := <-stopped:
		stopped <- err
		t.Fatalf("the service did not start: %v", err)
		return nil
	}
}

// Config returns the configuration of a service in memory, at free ports of the loopback
// interface, with the pepper p1.
func Config() config.Config {
	cfg := config.Default()
	cfg.Addr, cfg.InternalAddr = "127.0.0.1:0", "127.0.0.1:0"
	cfg.DatabaseURL = "memory://"
	cfg.Peppers = "p1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	return cfg
}

// ConfigTrusting is [Config] for a service that accepts the tokens of issuer.
func ConfigTrusting(t testing.TB, issuer *jwttest.Issuer) config.Config {
	t.Helper()
	cfg := Config()
	cfg.JWKSFile, cfg.JWTIssuer, cfg.JWTAudience = issuer.JWKSFile(t), issuer.Issuer(), issuer.Audience()
	return cfg
}

// Exchange sends r and returns the response with its body, which is closed.
func Exchange(t testing.TB, client *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := client.Do(r) //nolint:gosec // a test chose the address
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// Owner accepts every token as that of an OWNER of the workspace ws_1 in the
// PARTNER portal.
type Owner struct{}

// Authenticate implements apikeys.Authenticator.
func (Owner) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{
		AccountID: "acc-1",
		Portal:    domain.PortalPartner,
		Roles:     map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner},
	}, nil
}
