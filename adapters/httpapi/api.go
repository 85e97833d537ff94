package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// Authenticator authenticates the bearer of a token. It returns an error that
// wraps [domain.ErrInvalidToken] or [domain.ErrUnavailable].
type Authenticator interface {
	Authenticate(ctx context.Context, token string) (domain.Actor, error)
}

// RequestAuthenticator authenticates the sender of a request, whose body it
// cannot read. It returns an error that wraps [domain.ErrInvalidToken] or
// [domain.ErrUnavailable].
type RequestAuthenticator interface {
	AuthenticateRequest(r *http.Request) (domain.Actor, error)
}

// Authorizer performs permission checks. An error means that there is no
// decision; it wraps [domain.ErrUnavailable] if there may be one later.
type Authorizer interface {
	Do(ctx context.Context, check domain.Check) (domain.Decision, error)
}

// Messages contains the messages of the service in all its languages.
type Messages = keycheck.Messages

// Limiter limits the rate of events by name.
type Limiter interface {
	// Take admits one event of name and returns 0, or returns the time until
	// the next one is admitted.
	Take(name string) time.Duration
}

// Options configure the API. Every field is required unless it says otherwise.
type Options struct {
	// Authenticator authenticates bearer tokens. It is not required if
	// RequestAuthenticator is set, which authenticates requests instead.
	Authenticator        Authenticator
	RequestAuthenticator RequestAuthenticator
	Workspaces           *application.Workspaces
	Authorizer           Authorizer
	Explainer            Explainer
	Messages             Messages
	Logger               *slog.Logger
	Now                  func() time.Time
	// Tracer traces requests. If it is nil, nothing is traced.
	Tracer trace.Tracer
	// Observe is called after each request with the template of its route (empty if
	// none matched), its method as sent, and its status (499 if the client hung up
	// before the response). The context has the span of a traced request. If Observe is
	// nil, requests are not observed.
	Observe func(ctx context.Context, route, method string, status int, took time.Duration)
	// Metrics is served at /metrics on the internal listener. If it is nil,
	// there is no such endpoint.
	Metrics http.Handler
	// Profiles enables profiles of the process at /debug/pprof/ on the internal
	// listener.
	Profiles bool
	// Ready returns nil if the service can do its work.
	Ready func(context.Context) error
	// InternalToken is the token that callers of the internal listener must
	// send in X-Internal-Token. If it is empty, none is required.
	InternalToken string
	// Concurrency limits the management requests in flight.
	Concurrency *Concurrency
	// ManagementRate limits management requests, by account.
	ManagementRate Limiter
	// AuthFailureRate limits failed authentications on the public listener, by
	// address.
	AuthFailureRate Limiter
	// WebhookRules judge the URLs of webhooks.
	WebhookRules domain.WebhookRules
	// Leaks stops leaked secrets.
	Leaks *application.Leaks
	// LeakRate limits leak reports, by address.
	LeakRate Limiter
	// LeakConcurrency limits the leak reports that are processed at a time.
	LeakConcurrency *Concurrency
	// GitHubReports verifies reports by GitHub. If it is nil, there is no endpoint
	// for them.
	GitHubReports ReportVerifier
	// After returns a channel that receives once the duration has passed, for
	// responses that take a constant time.
	After func(time.Duration) <-chan time.Time
	// PublicReference and InternalReference are the reference pages of the two
	// listeners, served at /docs. If one is nil, its listener has no such page.
	PublicReference, InternalReference Page
	// Console is the page for workspace owners, served at /console of the public
	// listener. If it is nil, there is no such page.
	Console Page
	// CORSOrigins are the origins whose pages may use the management API; may be
	// empty. They are compared exactly.
	CORSOrigins []string
	// TrustedProxies are the proxies whose X-Forwarded-For is trusted; may be
	// empty.
	TrustedProxies []netip.Prefix
}

// API serves the HTTP contract.
type API struct {
	options  Options
	language string // of requests without Accept-Language
	// authorizeKey calls the Authorizer. It is created once, because creating
	// it for each request would allocate.
	authorizeKey keycheck.Authorize
}

// New returns the API with the given options.
func New(o Options) *API {
	return &API{
		options:  o,
		language: o.Messages.Match(),
		authorizeKey: func(ctx context.Context, check domain.Check) (domain.Decision, error) {
			return o.Authorizer.Do(ctx, check)
		},
	}
}

// The routes, in echo's syntax.
const (
	keysPath          = "/web/v1/workspaces/:workspaceId/api-keys"
	deletePath        = keysPath + "/delete"
	keyPath           = keysPath + "/:keyId"
	disablePath       = keyPath + "/disable"
	rotatePath        = keyPath + "/rotate"
	enablePath        = keyPath + "/enable"
	eventsPath        = keyPath + "/events"
	usagePath         = keyPath + "/usage"
	limitsPath        = keyPath + "/limits"
	webhooksPath      = "/web/v1/workspaces/:workspaceId/webhooks"
	deleteWebhookPath = webhooksPath + "/delete"
	webhookPath       = webhooksPath + "/:webhookId"
	rotateWebhookPath = webhookPath + "/rotate"
	testWebhookPath   = webhookPath + "/test"
	deliveriesPath    = webhookPath + "/deliveries"
	retryPath         = deliveriesPath + "/:deliveryId/retry"
	verifyPath        = "/internal/v1/api-keys/verify"
	explainPath       = "/internal/v1/api-keys/explain"
	leaksPath         = "/web/v1/leaks"
	gitHubLeaksPath   = leaksPath + "/github"
	trufflehogPath    = "/internal/v1/leaks/trufflehog"
	authorizePath     = "/internal/v1/authorize"
	authorizeForPath  = authorizePath + "/for/*"
	authorizeCostPath = authorizePath + "/cost/:cost/for/*"
	livezPath         = "/livez"
	readyzPath        = "/readyz"
	metricsPath       = "/metrics"
	profilePath       = "/debug/pprof/:profile"
	documentJSONPath  = "/openapi.json"
	documentYAMLPath  = "/openapi.yaml"
)

// Routes returns the templates of every route of both listeners, and the route of
// Envoy's gRPC authorization.
func Routes() []string {
	return []string{
		keysPath, deletePath, keyPath, disablePath, enablePath, rotatePath, eventsPath, usagePath, limitsPath,
		webhooksPath, deleteWebhookPath, webhookPath, rotateWebhookPath, testWebhookPath, deliveriesPath, retryPath,
		leaksPath, gitHubLeaksPath, trufflehogPath,
		verifyPath, explainPath, authorizePath, authorizeForPath, authorizeCostPath,
		livezPath, readyzPath, metricsPath, profilePath,
		documentJSONPath, documentYAMLPath, referencePath, referenceAssetPath, consolePath, consoleBelowPath,
		keycheck.EnvoyRoute,
	}
}

// Public returns the handler of the public listener.
func (a *API) Public() http.Handler {
	e := a.newEcho(linked, a.options.CORSOrigins)
	e.POST(keysPath, a.managed(a.createKey))
	e.GET(keysPath, a.managed(a.listKeys))
	e.POST(deletePath, a.managed(a.deleteKey))
	e.GET(keyPath, a.managed(a.getKey))
	e.PATCH(keyPath, a.managed(a.updateKey))
	e.POST(rotatePath, a.managed(a.rotateKey))
	e.GET(eventsPath, a.managed(a.listEvents))
	e.GET(usagePath, a.managed(a.showUsage))
	e.GET(limitsPath, a.managed(a.showLimits))
	e.POST(disablePath, a.managed(a.changeStatus((*application.Workspace).DisableKey)))
	e.POST(enablePath, a.managed(a.changeStatus((*application.Workspace).EnableKey)))
	e.POST(webhooksPath, a.managed(a.createWebhook))
	e.GET(webhooksPath, a.managed(a.listWebhooks))
	e.POST(deleteWebhookPath, a.managed(a.deleteWebhook))
	e.GET(webhookPath, a.managed(a.getWebhook))
	e.PATCH(webhookPath, a.managed(a.updateWebhook))
	e.POST(rotateWebhookPath, a.managed(a.rotateWebhook))
	e.POST(testWebhookPath, a.managed(a.testWebhook))
	e.GET(deliveriesPath, a.managed(a.listDeliveries))
	e.POST(retryPath, a.managed(a.retryDelivery))
	e.POST(leaksPath, a.plain(a.reportLeaks))
	if a.options.GitHubReports != nil {
		e.POST(gitHubLeaksPath, a.plain(a.reportFromGitHub))
	}
	a.documented(e)
	a.paged(e, a.options.PublicReference)
	a.consoled(e)
	return e
}

// Internal returns the handler of the internal listener. It must never be
// reachable through the public one.
func (a *API) Internal() http.Handler {
	e := a.newEcho(continued, nil)
	probes := []string{http.MethodGet, http.MethodHead}
	e.Match(probes, livezPath, a.plain(a.live))
	e.Match(probes, readyzPath, a.plain(a.ready))
	if a.options.Metrics != nil {
		e.GET(metricsPath, a.plain(a.internal(a.metrics)))
	}
	if a.options.Profiles {
		e.GET(profilePath, a.plain(a.internal(a.profile)))
	}
	e.POST(verifyPath, a.plain(a.internal(a.verify)))
	e.POST(explainPath, a.plain(a.internal(a.explain)))
	e.POST(trufflehogPath, a.plain(a.internal(a.verifyForTrufflehog)))
	// echo calls this route if no registered method matches; since none is
	// registered, it is called for every method.
	e.RouteNotFound(authorizePath, a.forProxy(a.authorizeByQuery))
	e.RouteNotFound(authorizeForPath, a.forProxy(a.authorizeByPath))
	e.RouteNotFound(authorizeCostPath, a.forProxy(a.authorizeByPath))
	a.documented(e)
	a.paged(e, a.options.InternalReference)
	return e
}

// newEcho returns a router that lets pages of the given origins use the management API.
func (a *API) newEcho(relation relation, origins []string) *echo.Echo {
	e := echo.New()
	e.Use(a.exchanged(relation, origins))
	return e
}
