package extauthz

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/adapters/internal/tracing"
	"github.com/slaunchx/apikeys/domain"
)

// checkTimeout bounds one check, like that of a request over HTTP.
const checkTimeout = 2 * time.Second

var (
	errBusy      = fmt.Errorf("too many checks in flight: %w", domain.ErrUnavailable)
	errMalformed = domain.Faults{{Reason: domain.ReasonSyntax, Rule: answer.RuleCheckSyntax}}.Err()
)

// checker performs checks.
type checker struct {
	options  Options
	language string        // of requests without Accept-Language
	places   chan struct{} // one element for each check in flight
}

// check is one check, together with what becomes known about it while it is handled.
type check struct {
	*checker
	message   message
	headers   headers
	hideKey   bool // from the upstream
	requestID string
	decision  domain.Decision
	cost      domain.Cost
	status    int    // the status that Envoy's client gets; 200 if the key is allowed
	code      string // of a denied response
}

// serve handles one call. receive decodes its message.
func (s *checker) serve(ctx context.Context, receive func(any) error) (*authv3.CheckResponse, error) {
	c := &check{checker: s}
	if s.options.Tracer == nil {
		return c.answer(ctx, receive)
	}
	ctx, span := s.beginSpan(ctx)
	defer c.endSpan(span)
	return c.answer(ctx, receive)
}

// answer returns an error only if nobody would read the response, because Envoy would
// treat an error as an approval if failure_mode_allow is set.
func (c *check) answer(ctx context.Context, receive func(any) error) (*authv3.CheckResponse, error) {
	begun := c.options.Now()
	response, err := c.run(ctx, receive)
	if c.requestID == "" {
		c.requestID = answer.RequestID(nil)
	}
	switch {
	case err == nil:
		c.status = http.StatusOK
	case answer.Abandoned(ctx, err):
		c.status = answer.StatusAbandoned
	default:
		response = c.denied(err)
	}
	took := c.options.Now().Sub(begun)
	if observe := c.options.Observe; observe != nil {
		observe(ctx, keycheck.EnvoyRoute, http.MethodPost, c.status, took)
	}
	if err != nil {
		c.log(ctx, err, took)
	}
	if c.status == answer.StatusAbandoned {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return response, nil
}

// run returns the response if the key is allowed, or else an error.
func (c *check) run(ctx context.Context, receive func(any) error) (response *authv3.CheckResponse, err error) {
	defer c.contain(ctx, &err)
	if !c.knowsToken(ctx) {
		return nil, domain.ErrInvalidToken
	}
	if err := c.receive(ctx, receive); err != nil {
		return nil, err
	}
	return c.decide(ctx)
}

// contain is deferred. It turns a panic into an error, and logs it.
func (c *check) contain(ctx context.Context, err *error) {
	p := recover()
	if p == nil {
		if errors.Is(*err, domain.ErrPanicked) { // in another goroutine
			answer.LogPanic(ctx, c.options.Logger, c.requestID, "", (*err).Error())
			*err = domain.ErrPanicked
		}
		return
	}
	// The panic's value may contain anything, even a secret; its type and the
	// stack, which shows no values, say where to look.
	*err = fmt.Errorf("panic of type %T", p)
	answer.LogPanic(ctx, c.options.Logger, c.requestID, fmt.Sprintf("%T", p), string(debug.Stack()))
}

// knowsToken reports whether the caller has sent the internal token.
func (c *check) knowsToken(ctx context.Context) bool {
	if c.options.InternalToken == "" {
		return true
	}
	values := metadata.ValueFromIncomingContext(ctx, "x-internal-token")
	return len(values) == 1 && subtle.ConstantTimeCompare([]byte(values[0]), []byte(c.options.InternalToken)) == 1
}

// receive reads the message. This needs a deep stack, so its callers must have small
// frames: gRPC handles a call on a new stack, which is copied each time it grows.
func (c *check) receive(ctx context.Context, receive func(any) error) error {
	if err := receive(&c.message); err != nil {
		return unreceived(ctx, err)
	}
	return c.message.err
}

func unreceived(ctx context.Context, err error) error {
	return fmt.Errorf("receive: %w: %w", domain.ErrUnavailable, errors.Join(err, ctx.Err()))
}

// decide takes a place among the checks in flight, and checks the key.
func (c *check) decide(ctx context.Context) (*authv3.CheckResponse, error) {
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	default:
		return nil, errBusy
	}
	if err := c.authorize(ctx); err != nil {
		return nil, err
	}
	return c.allowed(), nil
}

// authorize checks the key of the request that the message describes.
func (c *check) authorize(ctx context.Context) error {
	attributes := c.message.request.GetAttributes()
	c.headers = headersOf(attributes.GetRequest().GetHttp())
	c.requestID = answer.RequestID(c.headers.requestID)
	extensions, faults := extensionsOf(attributes.GetContextExtensions())
	if faults != nil {
		return faults.Err()
	}
	c.hideKey, c.cost = extensions.hideKey, extensions.Cost
	ctx, cancel := context.WithTimeout(ctx, timeoutBefore(ctx))
	defer cancel()
	var err error
	c.decision, err = c.options.Authorize.Do(ctx, keycheck.Request{
		APIKey:        c.headers.apiKey,
		Authorization: c.headers.authorization,
		Peer:          attributes.GetSource().GetAddress().GetSocketAddress().GetAddress(),
		ForwardedFor:  c.headers.forwardedFor,
	}, extensions.Wanted, c.options.TrustedProxies)
	if err == nil {
		return nil
	}
	err = answer.Refusal(err, extensions.Scopes)
	if ctx.Err() != nil && answer.Of(err, answer.Checks).Status >= http.StatusInternalServerError {
		err = fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	return err
}

// timeoutBefore returns how long a check of a call may take. It ends before the
// caller's own deadline, after which the caller would no longer read that the
// request is denied.
func timeoutBefore(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return checkTimeout
	}
	return min(checkTimeout, time.Until(deadline)*4/5)
}

// log writes the log line of a check that did not allow its request. Allowed checks are
// only counted.
func (c *check) log(ctx context.Context, err error, took time.Duration) {
	level := slog.LevelInfo
	if c.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("route", keycheck.EnvoyRoute),
		slog.Int("status", c.status),
		slog.String("code", c.code),
		slog.Int64("durationMicros", took.Microseconds()),
		slog.String("requestId", c.requestID),
	}
	for _, a := range []slog.Attr{
		tracing.ID(ctx),
		slog.String("workspaceId", string(c.decision.Key.Workspace)),
		slog.String("apiKeyId", string(c.decision.Key.KeyID)),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if c.status >= http.StatusInternalServerError || errors.Is(err, domain.ErrInvalidToken) {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	c.options.Logger.LogAttrs(ctx, level, "request", attrs...)
}
