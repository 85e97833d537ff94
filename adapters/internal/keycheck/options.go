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

// ServerOptions are the options of a server of permission checks, such as
// adapters/extauthz.
type ServerOptions struct {
	// Authorize performs permission checks; *apikeys.Service has such a method.
	Authorize Authorize
	// Messages returns the messages of responses; adapters/i18n implements it.
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
	// InternalToken is the token that callers must send. If it is empty, anyone who can
	// reach the server may call it.
	InternalToken string
	// TrustedProxies are the proxies whose X-Forwarded-For is trusted; may be empty.
	TrustedProxies []netip.Prefix
}

// Messages returns messages in the languages of the service.
type Messages interface {
	// Match returns the tag of the language that fits the lines of an
	// Accept-Language header best.
	Match(acceptLanguage ...string) string
	// Message returns the message with the given identifier.
	Message(language, id string, args map[string]string) string
}
