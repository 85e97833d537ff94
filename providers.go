package apikeys

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/httpapi"
	"github.com/slaunchx/apikeys/adapters/httpserver"
	"github.com/slaunchx/apikeys/adapters/i18n"
	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func newService(
	cfg config.Config, o *options, repository ports.KeyRepository, keys keys, authenticator Authenticator, messages *i18n.Catalog,
	workspaces *application.Workspaces, forget *application.Forget, checks metered, usage *application.Usage,
	limits limits, traces trace.TracerProvider, lifetime *application.Lifetime,
) (*Service, error) {
	proxies, err := cfg.ProxyRanges()
	if err != nil {
		return nil, err
	}
	s := &Service{
		bounds:     httpserver.DefaultBounds(cfg.MaxConnections),
		listen:     listen{public: cfg.Addr, internal: cfg.InternalAddr, guarded: cfg.InternalToken.Reveal() != ""},
		migrates:   cfg.Migrate == config.MigrateAuto,
		logger:     o.logger,
		repository: repository,
		follow:     keys.follow,
		usage:      usage,
		issuer:     authenticator,
		forget:     forget,
		lifetime:   lifetime,
		workspaces: workspaces,
		checks:     checks,
		listening:  o.listening,
	}
	s.api = httpapi.New(httpapi.Options{
		Authenticator:   authenticator,
		Workspaces:      workspaces,
		Authorizer:      checks,
		Messages:        messages,
		Logger:          o.logger,
		Now:             o.now,
		Tracer:          tracer(traces),
		Observe:         checks.metrics.ObserveRequest,
		Metrics:         checks.metrics.Handler(),
		Profiles:        cfg.PProf,
		Ready:           s.Ready,
		InternalToken:   cfg.InternalToken.Reveal(),
		Admission:       limits.atOnce,
		ManagementRate:  limits.accounts,
		AuthFailureRate: limits.failures,
		TrustedProxies:  proxies,
	})
	return s, nil
}

func provideMaximumKeys(cfg config.Config) application.MaximumKeys {
	return application.MaximumKeys(cfg.MaxKeysPerWorkspace)
}

func provideForget(o *options, repository ports.KeyRepository, now func() time.Time) *application.Forget {
	return application.NewForget(repository, o.logger, now)
}

func provideClock(o *options) func() time.Time { return o.now }

func provideRandom() io.Reader { return rand.Reader }

func provideMessages() (*i18n.Catalog, error) { return i18n.New() }

func provideRepository(ctx context.Context, cfg config.Config, o *options, traces trace.TracerProvider) (ports.KeyRepository, func(), error) {
	if o.repository != nil {
		return o.repository, func() {}, nil
	}
	store, err := openStore(ctx, cfg, o, traces)
	if err != nil {
		return nil, nil, err
	}
	return store, closing(o.logger, "store", store), nil
}

func provideHasher(cfg config.Config) (ports.SecretHasher, error) {
	ring, err := secrets.ParseRing(cfg.Peppers.Reveal())
	if err != nil {
		return nil, fmt.Errorf("APIKEYS_PEPPERS: %w", err)
	}
	return secrets.NewHasher(ring), nil
}

func provideAuthenticator(ctx context.Context, cfg config.Config, o *options) (Authenticator, func(), error) {
	if o.authenticator != nil {
		return o.authenticator, func() {}, nil
	}
	a, err := jwtauth.New(ctx, jwtauth.Config{
		Issuer:   cfg.JWTIssuer,
		Audience: cfg.JWTAudience,
		Claims: jwtauth.ClaimNames{
			Account:    cfg.JWTClaimAccount,
			Portal:     cfg.JWTClaimPortal,
			Workspaces: cfg.JWTClaimWorkspaces,
			ClientHash: cfg.JWTClaimClientHash,
		},
		DefaultPortal: domain.Portal(cfg.JWTDefaultPortal),
		JWKSURL:       cfg.JWKSURL,
		AllowHTTP:     cfg.JWKSAllowHTTP,
		JWKSFile:      cfg.JWKSFile,
		Now:           o.now,
		Logger:        o.logger,
	})
	if err != nil && cfg.JWKSFile != "" {
		err = config.Faults{{Variable: "APIKEYS_JWKS_FILE", Problem: fmt.Sprintf("cannot use %s: %v", cfg.JWKSFile, err)}}
	}
	if err != nil {
		return nil, nil, err
	}
	return a, closing(o.logger, "token keys", a), nil
}

func provideRoles(o *options) ports.WorkspaceRoles {
	if o.roles != nil {
		return o.roles
	}
	return jwtauth.ClaimRoles{}
}

// closing returns what closes c at the end of the service, when there is
// nobody left to hand an error to.
func closing(logger *slog.Logger, name string, c io.Closer) func() {
	return func() {
		if err := c.Close(); err != nil {
			logger.Warn("close "+name, "error", err)
		}
	}
}
