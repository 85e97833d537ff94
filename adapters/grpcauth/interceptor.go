package grpcauth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

// Authorizer performs permission checks. *apikeys.Service is one, and so is
// *client.Client, which asks a service elsewhere. An error means that there is no
// decision; it wraps [domain.ErrUnavailable] if a later check may succeed.
type Authorizer interface {
	Authorize(ctx context.Context, check domain.Check) (domain.Decision, error)
}

// Methods maps the full names of methods, such as "/shop.v1.Payments/List", to
// the scopes that a key must hold to call them. Without scopes a method can be
// called with any key that holds at least one.
//
// A method that is not listed cannot be called, so that a new method is not open by
// accident. Methods in [Options.Public] need no key.
type Methods map[string][]string

// Options are the settings of an [Interceptor]. The zero value has safe
// defaults.
type Options struct {
	// Public are the full names of methods that can be called without a key,
	// such as grpc_health_v1.Health_Check_FullMethodName.
	Public []string
	// TrustedProxies are the proxies whose x-forwarded-for names the client. By
	// default the client is the peer of the connection.
	TrustedProxies []netip.Prefix
}

// Interceptor admits calls whose key is allowed to make them. A caller presents its key
// in the metadata x-api-key, or in authorization as a bearer token. Handlers get the
// identity of the key by apikeys.IdentityFrom.
//
// Other calls end with a status:
//
//	Unauthenticated    no key, several keys, or an invalid, disabled or expired one
//	PermissionDenied   the key lacks a scope, its address is not allowed, or the
//	                   method is neither in Methods nor public
//	ResourceExhausted  the key has reached a rate limit or used up its quota
//	Unavailable        the check could not be performed; the store is unreachable
//	Internal           the check failed otherwise
//
// A call that is cancelled, or whose deadline passes, during the check ends with
// Canceled or DeadlineExceeded. The message of a status is constant; the cause is
// wrapped in the error, for interceptors that log.
//
// A stream is checked when it begins. An Interceptor is safe for concurrent use.
type Interceptor struct {
	authorize keycheck.Authorize
	methods   map[string][]domain.Scope
	public    map[string]bool
	proxies   []netip.Prefix
}

// New returns an interceptor that checks keys with authorizer. It returns an error that
// names every scope that no key can hold, and every method that is both public and in
// methods.
func New(authorizer Authorizer, methods Methods, options Options) (*Interceptor, error) {
	if authorizer == nil {
		return nil, errors.New("grpcauth: the authorizer is nil")
	}
	i := &Interceptor{
		authorize: authorizer.Authorize,
		methods:   make(map[string][]domain.Scope, len(methods)),
		public:    make(map[string]bool, len(options.Public)),
		proxies:   options.TrustedProxies,
	}
	var problems []error
	for _, method := range options.Public {
		i.public[method] = true
		if _, ok := methods[method]; ok {
			problems = append(problems, fmt.Errorf("grpcauth: %s is public and requires a key", method))
		}
	}
	for method, codes := range methods {
		scopes := make([]domain.Scope, len(codes))
		for n, code := range codes {
			scope, faults := domain.ParseScope(code)
			if faults != nil {
				problems = append(problems, fmt.Errorf("grpcauth: %s requires %q: %w", method, code, faults.Err()))
			}
			scopes[n] = scope
		}
		i.methods[method] = scopes
	}
	if problems != nil {
		return nil, errors.Join(problems...)
	}
	return i, nil
}

// Unary is a [grpc.UnaryServerInterceptor].
func (i *Interceptor) Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, err := i.check(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

// Stream is a [grpc.StreamServerInterceptor].
func (i *Interceptor) Stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, err := i.check(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	return handler(server, identified{ServerStream: stream, ctx: ctx})
}

// identified is a stream whose context carries an identity.
type identified struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s identified) Context() context.Context { return s.ctx }

// check returns ctx with the identity of the key that may call the method, or the
// status with which the call ends.
func (i *Interceptor) check(ctx context.Context, method string) (context.Context, error) {
	if i.public[method] {
		return ctx, nil
	}
	scopes, ok := i.methods[method]
	if !ok {
		return nil, &refusal{cause: errUnlisted}
	}
	decision, err := i.authorize.Do(ctx, requestOf(ctx), keycheck.Wanted{Scopes: scopes}, i.proxies)
	if ended := ctx.Err(); ended != nil { // a store may call that unavailable
		err = ended
	}
	if err != nil {
		return nil, &refusal{cause: err}
	}
	return keycheck.WithIdentity(ctx, decision.Key), nil
}

func requestOf(ctx context.Context) keycheck.Request {
	md, _ := metadata.FromIncomingContext(ctx)
	r := keycheck.Request{
		APIKey:        md.Get("x-api-key"),
		Authorization: md.Get("authorization"),
		ForwardedFor:  md.Get("x-forwarded-for"),
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		r.Peer = p.Addr.String()
	}
	return r
}
