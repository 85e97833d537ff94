package apikeys

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/githubkeys"
	"github.com/slaunchx/apikeys/adapters/httpapi"
	"github.com/slaunchx/apikeys/adapters/httpserver"
	"github.com/slaunchx/apikeys/adapters/i18n"
	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/adapters/keycache"
	keylimits "github.com/slaunchx/apikeys/adapters/limits"
	"github.com/slaunchx/apikeys/adapters/ratelimit"
	"github.com/slaunchx/apikeys/adapters/sealing"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/adapters/webhooks"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func newService(
	cfg config.Config, o *options, store ports.Store, keys keys, proof authentication, messages *i18n.Catalog,
	workspaces *application.Workspaces, forget *application.Forget, checks metered, usage *application.Usage,
	peppers *application.Peppers, leaks *application.Leaks, limits limits, warnings *application.Warnings, sender *webhooks.Sender, lifetime *application.Lifetime,
) (*Service, error) {
	proxies, err := cfg.ProxyRanges()
	if err != nil {
		return nil, err
	}
	s := &Service{
		bounds: httpserver.DefaultBounds(cfg.MaxConnections),
		listen: listen{
			public: cfg.Addr, internal: cfg.InternalAddr, extAuthz: cfg.ExtAuthzAddr,
			guarded: cfg.InternalToken.Reveal() != "",
		},
		migrates:    cfg.Migrate == config.MigrateAuto,
		migrateWait: cfg.MigrateWait,
		logger:      o.logger,
		store:       store,
		brought:     o.store.Keys != nil,
		follow:      keys.follow,
		usage:       usage,
		ready:       slices.Concat(proof.ready, o.ready),
		forget:      forget,
		warnings:    warnings,
		sender:      sender,
		peppers:     peppers,
		lifetime:    lifetime,
		workspaces:  workspaces,
		checks:      checks,
		messages:    messages,
		listening:   o.listening,
		extAuthz:    o.extAuthz,
	}
	api := httpapi.Options{
		Authenticator:        proof.authenticator,
		RequestAuthenticator: o.requests,
		Workspaces:           workspaces,
		Authorizer:           checks,
		Explainer:            checks.checks,
		Messages:             messages,
		Logger:               o.logger,
		Now:                  o.now,
		Tracer:               tracer(o.traces),
		Profiles:             cfg.PProf,
		Ready:                s.Ready,
		InternalToken:        cfg.InternalToken.Reveal(),
		Concurrency:          limits.atOnce,
		ManagementRate:       limits.accounts,
		AuthFailureRate:      limits.failures,
		WebhookRules:         webhookRules(cfg),
		Leaks:                leaks,
		LeakRate:             limits.leaks,
		LeakConcurrency:      limits.leaksAtOnce,
		After:                time.After,
		CORSOrigins:          cfg.CORSOrigins,
		TrustedProxies:       proxies,
		PublicReference:      o.publicPage,
		InternalReference:    o.internalPage,
	}
	if o.console != nil && cfg.Console == config.ConsoleOn {
		api.Console = o.console(cfg.ConsoleOrigins)
	}
	if cfg.GitHubKeysURL != "" {
		api.GitHubReports = githubkeys.New(githubkeys.Options{URL: cfg.GitHubKeysURL, Now: o.now, Logger: o.logger})
	}
	if o.metrics != nil {
		api.Observe, api.Metrics = o.metrics.ObserveRequest, o.metrics.Handler()
	}
	s.api = httpapi.New(api)
	return s, nil
}

func provideMaximumKeys(cfg config.Config) application.MaximumKeys {
	return application.MaximumKeys(cfg.MaxKeysPerWorkspace)
}

func provideLeaks(cfg config.Config, workspaces *application.Workspaces, source application.KeySource) *application.Leaks {
	return application.NewLeaks(workspaces, source, domain.LeakedLiveKeys(cfg.LeakedLiveKeys != config.LeakedReport))
}

func provideForget(
	o *options, repository ports.KeyRepository, counts ports.LimitStore, usage ports.UsageRecorder, webhooks ports.WebhookStore,
	now func() time.Time,
) *application.Forget {
	return application.NewForget(repository, counts, usage, webhooks, o.logger, now)
}

// provideSealingRing returns an empty ring if there is no sealing key.
func provideSealingRing(cfg config.Config) (sealing.Ring, error) {
	if cfg.SealingKeys.Reveal() == "" {
		return sealing.Ring{}, nil
	}
	ring, err := sealing.ParseRing(cfg.SealingKeys.Reveal())
	if err != nil {
		return sealing.Ring{}, fmt.Errorf("%s: %w", sealingKeys, err)
	}
	return ring, nil
}

// provideSealer returns nil if there is no sealing key; webhooks cannot be created then.
func provideSealer(ring sealing.Ring) ports.SecretSealer {
	if ring.Empty() {
		return nil
	}
	return sealing.NewSealer(ring)
}

// provideSender returns nil if the store keeps no webhooks.
func provideSender(cfg config.Config, o *options, store ports.WebhookStore, ring sealing.Ring, now func() time.Time) *webhooks.Sender {
	if store == nil {
		return nil
	}
	return webhooks.New(webhooks.Options{
		Outbox: store, Sealer: sealing.NewSealer(ring), KeyIDs: ring.KeyIDs(), Now: now, Logger: o.logger, Insecure: cfg.WebhookInsecure,
	})
}

// webhookStats returns nil if there is no sender.
func webhookStats(sender *webhooks.Sender) func() ports.WebhookStats {
	if sender == nil {
		return nil
	}
	return sender.Stats
}

// provideWebhookParts says in the log why no webhook can be created, when one should be.
func provideWebhookParts(
	cfg config.Config, o *options, store ports.WebhookStore, exclusive *application.Exclusive, sealer ports.SecretSealer,
) application.WebhookParts {
	return application.WebhookParts{
		Store: exclusive.Webhooks(store), Sealer: sealer, Rules: webhookRules(cfg),
		Refused: func() {
			if store == nil {
				o.logger.Warn("webhooks cannot be created: the store does not keep them")
				return
			}
			o.logger.Warn("webhooks cannot be created: APIKEYS_SEALING_KEYS is not set")
		},
	}
}

func webhookRules(cfg config.Config) domain.WebhookRules {
	return domain.WebhookRules{Insecure: cfg.WebhookInsecure}
}

func provideWarnings(
	o *options, store ports.WebhookStore, repository ports.KeyRepository, random io.Reader, now func() time.Time,
) *application.Warnings {
	return application.NewWarnings(store, repository, random, o.logger, now)
}

func provideClock(o *options) func() time.Time { return o.now }

func provideRandom() io.Reader { return rand.Reader }

func provideMessages() (*i18n.Catalog, error) { return i18n.New() }

func provideStore(ctx context.Context, cfg config.Config, o *options) (ports.Store, func(), error) {
	if o.store.Keys != nil {
		store := o.store
		store.Keys, store.Limits = application.Abandoning(store.Keys), application.AbandoningLimits(store.Limits)
		store.Usage, store.Webhooks = application.AbandoningUsage(store.Usage), application.AbandoningWebhooks(store.Webhooks)
		return store, func() {}, nil
	}
	opened, err := openStore(ctx, cfg, o)
	if err != nil {
		return ports.Store{}, nil, err
	}
	return opened.Store, closing(o.logger, "store", opened), nil
}

func provideRing(cfg config.Config) (secrets.Ring, error) {
	ring, err := secrets.ParseRing(cfg.Peppers.Reveal())
	if err != nil {
		return secrets.Ring{}, fmt.Errorf("APIKEYS_PEPPERS: %w", err)
	}
	return ring, nil
}

func provideHasher(ring secrets.Ring) ports.SecretHasher { return secrets.NewHasher(ring) }

func providePeppers(ring secrets.Ring, o *options, repository ports.KeyRepository) *application.Peppers {
	return application.NewPeppers(repository, ring.Checks(), o.logger)
}

// authentication authenticates tokens, unless requests are authenticated
// instead.
type authentication struct {
	authenticator Authenticator
	ready         []func(context.Context) error
}

func provideAuthenticator(ctx context.Context, cfg config.Config, o *options) (authentication, func(), error) {
	if o.authenticator != nil || o.requests != nil {
		return authentication{authenticator: o.authenticator}, func() {}, nil
	}
	if o.managesOnly {
		return authentication{authenticator: noTokens{}}, func() {}, nil
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
		return authentication{}, nil, err
	}
	return authentication{a, []func(context.Context) error{a.Ready}}, closing(o.logger, "token keys", a), nil
}

// noTokens is the authenticator of a service that accepts no token.
type noTokens struct{}

func (noTokens) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{}, domain.ErrInvalidToken
}

func provideRoles(o *options) ports.WorkspaceRoles {
	if o.roles != nil {
		return o.roles
	}
	return jwtauth.ClaimRoles{}
}

// closing returns a function that closes c at the end of the service and logs
// an error, since nobody can handle it any more.
func closing(logger *slog.Logger, name string, c io.Closer) func() {
	return func() {
		if err := c.Close(); err != nil {
			logger.Warn("cannot close "+name, "error", err)
		}
	}
}

// keys provides access to the keys of a store: through the cache for permission
// checks, and directly for changes, which evict keys from the cache.
type keys struct {
	Source application.KeySource
	Writer ports.KeyWriter
	cache  *keycache.Cache
	// follow keeps the cache up to date until ctx ends. It is nil if the store
	// does not report changes.
	follow func(ctx context.Context)
}

// provideEventHook returns nil if no hook is set.
func provideEventHook(o *options) (*application.EventHook, func()) {
	if o.hook == nil {
		return nil, func() {}
	}
	hook := application.NewEventHook(o.hook, o.logger)
	return hook, hook.Close
}

// provideKeys caches keys if the store reports its changes. Otherwise the cache
// is never used for a result, but still bounds the reads.
func provideKeys(
	cfg config.Config, o *options, store ports.Store, hasher ports.SecretHasher, hook *application.EventHook, exclusive *application.Exclusive, sender *webhooks.Sender, now func() time.Time,
) (keys, func(), error) {
	cache, err := keycache.New(keycache.Options{
		Finder:      store.Keys,
		Foreign:     store.Foreign,
		Hasher:      hasher,
		MaximumKeys: cfg.CacheKeys,
		OutageGrace: cfg.OutageGrace,
		Now:         now,
	})
	if err != nil {
		return keys{}, nil, err
	}
	writer := cache.Evicting(store.Keys)
	if hook != nil {
		writer = hook.Writer(writer)
	}
	if sender != nil {
		writer = sender.Waking(writer)
	}
	k := keys{Source: cache, Writer: exclusive.Keys(writer), cache: cache}
	if store.Changes != nil {
		k.follow = func(ctx context.Context) { follow(ctx, cache, store.Changes, o.logger) }
	} else {
		o.logger.Warn("the store does not report changes; every check reads it")
	}
	return k, cache.Close, nil
}

// follow calls an embedder's code in a goroutine of the service, so it must
// contain panics. After a panic the feed is no longer confirmed, so the cache
// is not used.
func follow(ctx context.Context, cache *keycache.Cache, changes ports.ChangeSource, logger *slog.Logger) {
	var feed ports.ChangeFeed
	err := application.Contained("following the changes", func() error {
		feed = changes.Follow()
		cache.Follow(ctx, feed, logger)
		return nil
	})
	if err != nil {
		logger.Error("the change feed has ended; checks read the store", "error", err)
	}
	if feed == nil {
		return
	}
	if err := application.Contained("closing the change feed", feed.Close); err != nil {
		logger.Warn("cannot close change feed", "error", err)
	}
}

// provideUsage collects the use of keys if recorder, which may be nil, can store it.
func provideUsage(o *options, recorder ports.UsageRecorder, hasher ports.SecretHasher, now func() time.Time) *application.Usage {
	return application.NewUsage(recorder, hasher, now, o.logger)
}

// limits are the limits of the public listener.
type limits struct {
	accounts    *ratelimit.Limiter   // management requests, by account
	failures    *ratelimit.Limiter   // failed authentications, by address
	leaks       *ratelimit.Limiter   // leak reports, by address
	atOnce      *httpapi.Concurrency // management requests in flight
	leaksAtOnce *httpapi.Concurrency // leak reports being worked on
}

// managedAtOnce is the maximum number of management requests in flight: enough
// to keep any store busy, and so few that none waits long. At 2,500 a second
// the last of them waits for 50 ms.
const managedAtOnce = 128

// leaksAtOnce is the maximum number of leak reports being worked on. Each may use the
// store eight times at once, so that together they leave room for other requests.
const leaksAtOnce = 8

func provideLimits(cfg config.Config, now func() time.Time) (limits, func(), error) {
	accounts, err := ratelimit.New(cfg.ManagementRate, now)
	if err != nil {
		return limits{}, nil, fmt.Errorf("APIKEYS_MANAGEMENT_RATE: %w", err)
	}
	failures, err := ratelimit.New(cfg.AuthFailureRate, now)
	if err != nil {
		accounts.Close()
		return limits{}, nil, fmt.Errorf("APIKEYS_AUTH_FAILURE_RATE: %w", err)
	}
	leaks, err := ratelimit.New(cfg.LeakRate, now)
	if err != nil {
		accounts.Close()
		failures.Close()
		return limits{}, nil, fmt.Errorf("APIKEYS_LEAK_RATE: %w", err)
	}
	all := limits{
		accounts: accounts, failures: failures, leaks: leaks,
		atOnce: httpapi.NewConcurrency(managedAtOnce), leaksAtOnce: httpapi.NewConcurrency(leaksAtOnce),
	}
	return all, func() { accounts.Close(); failures.Close(); leaks.Close() }, nil
}

func (l limits) stats() ports.LimitStats {
	return ports.LimitStats{
		Accounts: l.accounts.Refused(), Addresses: l.failures.Refused(), Leaks: l.leaks.Refused(),
		Concurrency: l.atOnce.Refused() + l.leaksAtOnce.Refused(),
	}
}

// provideLimiter returns nil if the store counts no limits. The settings bound the keys
// whose shares are held in memory like the keys in the cache.
func provideLimiter(cfg config.Config, o *options, counts ports.LimitStore, now func() time.Time) (*keylimits.Limiter, func(), error) {
	if counts == nil {
		return nil, func() {}, nil
	}
	limiter, err := keylimits.New(keylimits.Options{
		Store: counts, Now: now, MaximumKeys: cfg.CacheKeys, Logger: o.logger, AllowUnjudged: cfg.LimitsDuringOutage == config.OutageAllow,
	})
	if err != nil {
		return nil, nil, err
	}
	return limiter, limiter.Close, nil
}

func provideSpending(limiter *keylimits.Limiter, warnings *application.Warnings) application.Limiter {
	if limiter == nil {
		return nil
	}
	return warnings.Watching(limiter)
}

func provideCountsLimits(counts ports.LimitStore) application.CountsLimits { return counts != nil }

// keyLimitStats returns zeros if there is no limiter.
func keyLimitStats(limiter *keylimits.Limiter) func() ports.KeyLimitStats {
	if limiter == nil {
		return func() ports.KeyLimitStats { return ports.KeyLimitStats{} }
	}
	return limiter.Stats
}

// metered measures all checks, whether over HTTP, gRPC or by direct calls.
type metered struct {
	checks  *application.Authorize
	metrics Metrics // nil: nothing is measured
}

func provideMetered(
	o *options, checks *application.Authorize, keys keys, usage *application.Usage, limits limits, limiter *keylimits.Limiter,
	peppers *application.Peppers,
	leaks *application.Leaks, sender *webhooks.Sender,
) (metered, func(), error) {
	m := metered{checks: checks, metrics: o.metrics}
	if m.metrics == nil {
		return m, func() {}, nil
	}
	detach, err := m.metrics.Attach(ports.MetricSources{
		Routes:           httpapi.Routes(),
		Cache:            keys.cache.Stats,
		Usage:            usage.Stats,
		Limits:           limits.stats,
		Leaks:            leaks.Stats,
		KeyLimits:        keyLimitStats(limiter),
		PepperMismatches: peppers.Mismatches,
		Webhooks:         webhookStats(sender),
	})
	return m, detach, err
}

// Do performs check with the use case.
func (m metered) Do(ctx context.Context, check domain.Check) (domain.Decision, error) {
	if m.metrics == nil {
		return m.checks.Do(ctx, check)
	}
	begun := m.metrics.BeginCheck()
	decision, err := m.checks.Do(ctx, check)
	m.metrics.EndCheck(begun, decision.Verdict, err)
	return decision, err
}

// tracer returns nil if nothing is traced.
func tracer(traces trace.TracerProvider) trace.Tracer {
	if traces == nil {
		return nil
	}
	return traces.Tracer("github.com/slaunchx/apikeys")
}
