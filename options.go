package apikeys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/httpapi"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// The types of the service that embedders use most.
type (
	// Check is a permission check: whether a secret may be used for scopes from an
	// address.
	Check = domain.Check
	// Decision is the result of a [Check].
	Decision = domain.Decision
	// Question is a [Check] to be explained; see [Service.Explain].
	Question = domain.Question
	// Explanation explains how a check is decided, step by step.
	Explanation = domain.Explanation
	// Workspace manages the keys of one workspace; see [Service.Workspace].
	Workspace = application.Workspace
	// Operator reads keys across workspaces; see [Service.Operator].
	Operator = application.Operator
	// KeySpec describes a new key; see [Workspace.CreateKey].
	KeySpec = domain.KeySpec
	// KeyPatch describes a change of a key; see [Workspace.UpdateKey].
	KeyPatch = domain.KeyPatch
	// LeakedSecret is a secret that someone has found; see [Operator.StopLeaked].
	LeakedSecret = application.LeakedSecret
	// RateLimitSpec is a rate limit of a [KeySpec] or [KeyPatch].
	RateLimitSpec = domain.RateLimitSpec
	// QuotaSpec is the quota of a [KeySpec] or [KeyPatch].
	QuotaSpec = domain.QuotaSpec
	// CreatedKey is a key with the only copy of its new secret.
	CreatedKey = application.CreatedKey
	// CreatedWebhook is a webhook with the only copy of its new secret.
	CreatedWebhook = application.CreatedWebhook
	// ForeignKeySpec describes a key that another system issued; see
	// [Workspace.ImportKeys].
	ForeignKeySpec = domain.ForeignKeySpec
	// ImportedKey is the outcome of importing such a key.
	ImportedKey = application.ImportedKey
	// Event is one entry of the audit trail; see [WithEventHook].
	Event = domain.Event
	// ChangeOption is an option of a change, such as [WithIdempotencyKey].
	ChangeOption = application.ChangeOption
	// Replayed is the error for a change that an earlier request with the same
	// idempotency key has made.
	Replayed = ports.Replayed
	// Store is a store of keys and its optional abilities; see [WithStore].
	Store = ports.Store
)

// WithIdempotencyKey ensures that a change is made at most once in 24 hours; see
// [application.WithIdempotencyKey].
func WithIdempotencyKey(key string) ChangeOption { return application.WithIdempotencyKey(key) }

// Authenticator authenticates the bearer of a token; see [WithAuthenticator].
type Authenticator interface {
	// Authenticate returns the bearer of the token, or an error that wraps
	// [domain.ErrInvalidToken] or [domain.ErrUnavailable]. It is safe for
	// concurrent use.
	Authenticate(ctx context.Context, token string) (domain.Actor, error)
}

// RequestAuthenticator authenticates the sender of a request; see
// [WithRequestAuthenticator].
type RequestAuthenticator interface {
	// AuthenticateRequest returns the sender of a management request, or an error
	// that wraps [domain.ErrInvalidToken] or [domain.ErrUnavailable]. The request
	// has no body to read. It is safe for concurrent use.
	AuthenticateRequest(r *http.Request) (domain.Actor, error)
}

// Metrics measures one service; see [WithMetrics]. It is safe for concurrent use.
type Metrics interface {
	// Attach is called once, before requests and checks are observed. The sources
	// may be read until detach is called, which happens when the service is closed
	// or, if it cannot start, before [New] returns.
	Attach(sources ports.MetricSources) (detach func(), err error)
	// BeginCheck is called immediately before each permission check. EndCheck is called
	// after the check, with the result of BeginCheck and the outcome.
	BeginCheck() time.Time
	EndCheck(begun time.Time, verdict domain.Verdict, err error)
	// ObserveRequest is called after each HTTP request, with the template of its
	// route (empty if none matched), its method as sent, and its status, which is
	// 499 if the client disconnected before the response. The context has the span
	// of a traced request.
	ObserveRequest(ctx context.Context, route, method string, status int, took time.Duration)
	// Handler returns the handler of /metrics of [Service.InternalHandler].
	Handler() http.Handler
}

// Listeners are the addresses on which a running service listens.
type Listeners struct {
	Public, Internal net.Addr
	ExtAuthz         net.Addr // nil unless ExtAuthzAddr is set
}

// Option configures a [Service].
type Option func(*options)

type options struct {
	store         Store // without Keys, the store of the configuration is used
	roles         ports.WorkspaceRoles
	authenticator Authenticator
	requests      RequestAuthenticator // replaces authenticator
	now           func() time.Time
	logger        *slog.Logger
	listening     func(Listeners)
	ready         []func(context.Context) error
	extAuthz      func(httpapi.CheckServerOptions) (Server, error) // nil if not linked
	publicPage    httpapi.Page                                     // nil: none
	internalPage  httpapi.Page                                     // nil: none
	console       func(origins []string) httpapi.Page              // nil: not linked
	traces        trace.TracerProvider
	metrics       Metrics // nil if nothing is measured
	managesOnly   bool
	hook          func(context.Context, Event) // may be nil
	faults        []error                      // options with invalid arguments
}

// newOptions applies opts to the defaults, or returns an error that names every
// option that is nil or was given nil.
func newOptions(opts []Option) (*options, error) {
	o := &options{
		now:       time.Now,
		logger:    slog.Default(),
		listening: func(Listeners) {},
	}
	for i, opt := range opts {
		if opt == nil {
			o.faults = append(o.faults, fmt.Errorf("apikeys.New: option %d of %d is nil", i+1, len(opts)))
			continue
		}
		opt(o)
	}
	if o.authenticator != nil && o.requests != nil {
		o.faults = append(o.faults, errors.New("apikeys.New: WithAuthenticator and WithRequestAuthenticator exclude each other"))
	}
	return o, errors.Join(o.faults...)
}

// require adds a fault if value, the argument of option, is nil, or an
// interface that holds a nil pointer or function.
func (o *options) require(option string, value any) {
	v := reflect.ValueOf(value)
	switch {
	case !v.IsValid():
		o.faults = append(o.faults, fmt.Errorf("apikeys.New: %s was given nil", option))
	case (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil():
		o.faults = append(o.faults, fmt.Errorf("apikeys.New: %s was given a nil %T", option, value))
	}
}

// completed returns cfg with valid values for the settings that options
// replace, so that the other settings can be validated.
func (o *options) completed(cfg config.Config) config.Config {
	if o.store.Keys != nil {
		cfg.DatabaseURL, cfg.ReadDatabaseURL = "memory://", ""
	}
	if o.authenticator != nil || o.requests != nil || o.managesOnly {
		d := config.Default()
		cfg.JWKSURL, cfg.JWKSFile, cfg.JWTIssuer, cfg.JWTAudience = "", "brought", "brought", "brought"
		cfg.JWTClaimAccount, cfg.JWTClaimPortal, cfg.JWTClaimWorkspaces, cfg.JWTClaimClientHash = d.JWTClaimAccount, d.JWTClaimPortal, d.JWTClaimWorkspaces, d.JWTClaimClientHash
		cfg.JWTDefaultPortal = d.JWTDefaultPortal
	}
	return cfg
}

// WithStore keeps keys in the caller's own store, which must pass the suites of
// ports/portstest. The fields of [Store] say what each optional ability is for. The
// service does not close the store. If Migrate of the configuration is "auto", it
// migrates the schema of the store when it starts.
func WithStore(s Store) Option {
	return func(o *options) {
		o.require("Keys of WithStore", s.Keys)
		for name, ability := range map[string]any{
			"Changes": s.Changes, "Usage": s.Usage, "Foreign": s.Foreign, "Limits": s.Limits, "Webhooks": s.Webhooks, "Schema": s.Schema,
		} {
			if ability != nil {
				o.require(name+" of WithStore", ability)
			}
		}
		o.store = s
	}
}

// WithWorkspaceRoles takes the roles of actors in workspaces from r instead of the
// claims of their tokens.
func WithWorkspaceRoles(r ports.WorkspaceRoles) Option {
	return func(o *options) {
		o.require("WithWorkspaceRoles", r)
		o.roles = r
	}
}

// WithAuthenticator authenticates tokens with a instead of a JWKS.
func WithAuthenticator(a Authenticator) Option {
	return func(o *options) {
		o.require("WithAuthenticator", a)
		o.authenticator = a
	}
}

// WithRequestAuthenticator authenticates requests with a instead of bearer tokens and a
// JWKS. a sees the whole request except its body, including the session cookie and the
// client certificate (mTLS). A rejected request gets the same response as one with a
// rejected token. Management requests require headers that other sites cannot send
// together with the user's cookie, unless CORS allows it.
func WithRequestAuthenticator(a RequestAuthenticator) Option {
	return func(o *options) {
		o.require("WithRequestAuthenticator", a)
		o.requests = a
	}
}

// WithClock uses now as the clock instead of [time.Now]. If its times have a
// monotonic reading, like those of [time.Now], setting the wall clock back does
// not prolong any duration, such as the use of the cache. If they have none,
// the age of the cache depends on the wall clock, and the cache is not used
// after the clock is set back.
func WithClock(now func() time.Time) Option {
	return func(o *options) {
		o.require("WithClock", now)
		o.now = now
	}
}

// WithLogger logs to l instead of [slog.Default].
func WithLogger(l *slog.Logger) Option {
	return func(o *options) {
		o.require("WithLogger", l)
		o.logger = l
	}
}

// WithReadinessCheck makes [Service.Ready], and so /readyz, also call check and return
// its error. Use it for parts that an option provides, such as an authenticator that
// must first fetch its keys. It may be given more than once.
func WithReadinessCheck(check func(context.Context) error) Option {
	return func(o *options) {
		o.require("WithReadinessCheck", check)
		o.ready = append(o.ready, check)
	}
}

// WithManagementOnly makes a service for a command or a job that manages keys in the
// store of running services and then ends. It needs no JWKS and accepts no tokens, runs
// nothing in the background, does not migrate, and does not record the use of keys.
// [New] then returns an error if the schema of the store is not up to date, or one that
// wraps [domain.ErrUnavailable] if the store cannot be reached. Do not serve requests
// with such a service.
func WithManagementOnly() Option {
	return func(o *options) { o.managesOnly = true }
}

// WithListening calls f once [Service.Run] listens on both addresses.
func WithListening(f func(Listeners)) Option {
	return func(o *options) {
		o.require("WithListening", f)
		o.listening = f
	}
}

// WithExtAuthz serves Envoy's gRPC authorization at ExtAuthzAddr of the configuration
// while [Service.Run] runs, with the server that newServer returns:
//
//	apikeys.New(ctx, cfg, apikeys.WithExtAuthz(extauthz.New))
//
// The server is in a separate package, adapters/extauthz, so that only programs that
// use it link gRPC. Without this option, ExtAuthzAddr must be empty.
func WithExtAuthz[S Server](newServer func(httpapi.CheckServerOptions) (S, error)) Option {
	return func(o *options) {
		o.require("WithExtAuthz", newServer)
		o.extAuthz = func(parts httpapi.CheckServerOptions) (Server, error) { return newServer(parts) }
	}
}

// WithReferencePages serves the reference of the HTTP API at /docs of the public and
// the internal listener:
//
//	apikeys.New(ctx, cfg, apikeys.WithReferencePages(
//		apidocs.New(apidocs.PublicServer), apidocs.New(apidocs.InternalServer)))
//
// The pages are in a separate package, adapters/apidocs, because they take half a
// megabyte. Without this option there is no /docs.
func WithReferencePages(public, internal httpapi.Page) Option {
	return func(o *options) {
		o.require("WithReferencePages", public)
		o.require("WithReferencePages", internal)
		o.publicPage, o.internalPage = public, internal
	}
}

// WithConsole serves the page on which workspace owners manage their keys and webhooks
// at /console of the public listener, if Console of the configuration is "on":
//
//	apikeys.New(ctx, cfg, apikeys.WithConsole(console.New))
//
// newPage is called with ConsoleOrigins of the configuration. The page signs in with a
// bearer token, so it is of no use with [WithRequestAuthenticator] unless that accepts
// such tokens. It is in a separate package, adapters/console. Without this option there
// is no /console.
func WithConsole[P httpapi.Page](newPage func(origins []string) P) Option {
	return func(o *options) {
		o.require("WithConsole", newPage)
		o.console = func(origins []string) httpapi.Page { return newPage(origins) }
	}
}

// WithTracerProvider traces requests and their SQL statements with p, which the service
// does not shut down. Without it nothing is traced: the service uses neither
// OpenTelemetry's global provider nor the OTEL_… variables. Package adapters/otlp,
// which the command uses, creates a provider from those variables.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(o *options) {
		o.require("WithTracerProvider", p)
		o.traces = p
	}
}

// WithMetrics measures the service with m and serves the metrics at /metrics of
// [Service.InternalHandler]. Package adapters/telemetry, which the command uses,
// provides metrics for Prometheus; each service needs its own. Without this option
// nothing is measured, and /metrics responds with 404.
func WithMetrics(m Metrics) Option {
	return func(o *options) {
		o.require("WithMetrics", m)
		o.metrics = m
	}
}

// WithEventHook calls hook with the event of every change that this process
// makes, after the store has written it and checks see it. Changes made by other
// replicas are passed to their own hooks.
//
// A single goroutine calls the hook, so a slow call delays the next one, but no change
// waits for the hook or fails because of it. Panics of the hook are logged. Each call
// has a context with a deadline of 10 s. The events of one key are passed in the order
// of its changes; the events of different keys are passed in any order. The hook must
// not modify an event.
//
// Delivery is best effort. While 1,024 events wait, further events are dropped, and the
// log says so. Waiting events are lost if the process ends; [Service.Close] waits up to
// 5 s for them. The event of a change whose outcome is unknown is not passed to the
// hook. The audit trail has every event; see [Workspace.KeyEvents].
func WithEventHook(hook func(ctx context.Context, event Event)) Option {
	return func(o *options) {
		o.require("WithEventHook", hook)
		o.hook = hook
	}
}

// NewPepper returns an entry for the Peppers or the SealingKeys of a configuration,
// with 32 random bytes. The id is 1 to 32 of A-Z a-z 0-9 _ - and must differ from the
// ids of all other entries.
func NewPepper(id string) (string, error) { return secrets.NewPepper(rand.Reader, id) }
