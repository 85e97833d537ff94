package keycheck

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// EnvoyRoute is the route of Envoy's gRPC authorization.
const EnvoyRoute = "/envoy.service.auth.v3.Authorization/Check"

// ServerOptions are what a server of permission checks, such as that of
// adapters/extauthz, works with.
type ServerOptions struct {
	// Authorize performs permission checks; *apikeys.Service has such a method.
	Authorize Authorize
	// Messages are the sentences of responses, such as those of adapters/i18n.
	Messages Messages
	Logger   *slog.Logger
	Now      func() time.Time
	// Tracer traces checks. If it is nil, nothing is traced.
	Tracer trace.Tracer
	// Observe is called after each check with the route and the method of its
	// request, and the status that it led to: 200 if the key is allowed, and 499 if
	// the caller did not wait for the response. The context has the span of a traced
	// check. If Observe is nil, checks are not observed.
	Observe func(ctx context.Context, route, method string, status int, took time.Duration)
	// InternalToken is what callers must send; empty: anyone who reaches the server
	// may ask.
	InternalToken string
	// TrustedProxies may name their clients in X-Forwarded-For; may be empty.
	TrustedProxies []netip.Prefix
}

// Messages speaks the languages of the service.
type Messages interface {
	// Match returns the tag of the language that fits the lines of an
	// Accept-Language header best.
	Match(acceptLanguage ...string) string
	// Message returns the sentence with that identifier.
	Message(language, id string, args map[string]string) string
}
