package grpcauth_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/grpcauth"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

const (
	check = grpc_health_v1.Health_Check_FullMethodName
	watch = grpc_health_v1.Health_Watch_FullMethodName
	list  = grpc_health_v1.Health_List_FullMethodName
)

type noSessions struct{}

func (noSessions) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{}, domain.ErrInvalidToken
}

func newService(t *testing.T) *apikeys.Service {
	t.Helper()
	pepper, err := apikeys.NewPepper("p1")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.DatabaseURL = "memory://"
	cfg.Peppers = config.Secret(pepper)
	service, err := apikeys.New(t.Context(), cfg, apikeys.WithAuthenticator(noSessions{}), apikeys.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	return service
}

// keyOf returns a new key of the workspace ws_1.
func keyOf(t *testing.T, service *apikeys.Service, spec apikeys.KeySpec) apikeys.CreatedKey {
	t.Helper()
	created, err := service.OperatorWorkspace("tester", "ws_1", domain.Origin{}).CreateKey(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// workspaceServer serves those who have a key of ws_1.
type workspaceServer struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (workspaceServer) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return callerOf(ctx)
}

func (workspaceServer) Watch(_ *grpc_health_v1.HealthCheckRequest, stream grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) error {
	response, err := callerOf(stream.Context())
	if err != nil {
		return err
	}
	return stream.Send(response)
}

func callerOf(ctx context.Context) (*grpc_health_v1.HealthCheckResponse, error) {
	identity, ok := apikeys.IdentityFrom(ctx)
	if !ok || identity.Workspace != "ws_1" {
		return nil, status.Errorf(codes.DataLoss, "the identity is %+v, %v", identity, ok)
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}

// connect starts a server on a loopback port, guarded by interceptor, and returns
// a client of it.
func connect(t *testing.T, interceptor *grpcauth.Interceptor) grpc_health_v1.HealthClient {
	t.Helper()
	server := grpc.NewServer(grpc.UnaryInterceptor(interceptor.Unary), grpc.StreamInterceptor(interceptor.Stream))
	grpc_health_v1.RegisterHealthServer(server, workspaceServer{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return grpc_health_v1.NewHealthClient(connection)
}

// calls are a unary method and a stream.
var calls = map[string]func(context.Context, grpc_health_v1.HealthClient) error{
	"unary": func(ctx context.Context, c grpc_health_v1.HealthClient) error {
		_, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		return err
	},
	"stream": func(ctx context.Context, c grpc_health_v1.HealthClient) error {
		stream, err := c.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
		if err != nil {
			return err
		}
		_, err = stream.Recv()
		return err
	},
}

func newInterceptor(t *testing.T, authorizer grpcauth.Authorizer, scopes ...string) *grpcauth.Interceptor {
	t.Helper()
	interceptor, err := grpcauth.New(authorizer, grpcauth.Methods{check: scopes, watch: scopes}, grpcauth.Options{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return interceptor
}

func TestInterceptor_LetsThroughWhatRequireLetsThrough(t *testing.T) {
	t.Parallel()
	service := newService(t)
	reader := keyOf(t, service, apikeys.KeySpec{Name: "reader", Scopes: []string{"payment:read"}}).Secret.Reveal()
	writer := keyOf(t, service, apikeys.KeySpec{Name: "writer", Scopes: []string{"payment:write"}}).Secret.Reveal()
	powerless := keyOf(t, service, apikeys.KeySpec{Name: "without scopes"}).Secret.Reveal()
	bound := keyOf(t, service, apikeys.KeySpec{Name: "bound", Scopes: []string{"payment:read"}, IPWhitelist: []string{"203.0.113.0/24"}}).Secret.Reveal()
	disabled := keyOf(t, service, apikeys.KeySpec{Name: "disabled", Scopes: []string{"payment:read"}})
	if err := service.OperatorWorkspace("tester", "ws_1", domain.Origin{}).DisableKey(t.Context(), disabled.Key.ID()); err != nil {
		t.Fatal(err)
	}
	client := connect(t, newInterceptor(t, service, "payment:read"))
	for name, c := range map[string]struct {
		metadata []string
		want     codes.Code
	}{
		"a key":                              {[]string{"x-api-key", reader}, codes.OK},
		"a key as a bearer token":            {[]string{"authorization", "bearer " + reader}, codes.OK},
		"a key in both":                      {[]string{"x-api-key", reader, "authorization", "Bearer " + reader}, codes.OK},
		"a key beside another scheme":        {[]string{"x-api-key", reader, "authorization", "Basic YTpi"}, codes.OK},
		"a bound key from its network":       {[]string{"x-api-key", bound, "x-forwarded-for", "203.0.113.7"}, codes.OK},
		"no key":                             {nil, codes.Unauthenticated},
		"two keys":                           {[]string{"x-api-key", reader, "x-api-key", reader}, codes.Unauthenticated},
		"different keys":                     {[]string{"x-api-key", reader, "authorization", "Bearer " + writer}, codes.Unauthenticated},
		"a bearer token that is missing":     {[]string{"authorization", "Bearer "}, codes.Unauthenticated},
		"a malformed key":                    {[]string{"x-api-key", reader[:len(reader)-1]}, codes.Unauthenticated},
		"a disabled key":                     {[]string{"x-api-key", disabled.Secret.Reveal()}, codes.Unauthenticated},
		"a key without the scope":            {[]string{"x-api-key", writer}, codes.PermissionDenied},
		"a key without scopes":               {[]string{"x-api-key", powerless}, codes.PermissionDenied},
		"a bound key from the peer":          {[]string{"x-api-key", bound}, codes.PermissionDenied},
		"a bound key from a forged address":  {[]string{"x-api-key", bound, "x-forwarded-for", "203.0.113.7, 198.51.100.1"}, codes.PermissionDenied},
		"a bound key from something unknown": {[]string{"x-api-key", bound, "x-forwarded-for", "unknown"}, codes.PermissionDenied},
	} {
		for kind, call := range calls {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				err := call(metadata.AppendToOutgoingContext(t.Context(), c.metadata...), client)
				if status.Code(err) != c.want {
					t.Errorf("the call ends with %v, want %v", err, c.want)
				}
				if err != nil && strings.Contains(err.Error(), "sk_live_") {
					t.Error("the status shows the key")
				}
			})
		}
	}
}

func TestInterceptor_RefusesWhatHasNoRule(t *testing.T) {
	t.Parallel()
	service := newService(t)
	key := keyOf(t, service, apikeys.KeySpec{Name: "k", Scopes: []string{"payment:read"}}).Secret.Reveal()
	interceptor, err := grpcauth.New(service, grpcauth.Methods{check: nil}, grpcauth.Options{Public: []string{list}})
	if err != nil {
		t.Fatal(err)
	}
	client := connect(t, interceptor)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-api-key", key)
	if err := calls["unary"](ctx, client); err != nil {
		t.Errorf("a method without scopes: %v", err)
	}
	if err := calls["stream"](ctx, client); status.Code(err) != codes.PermissionDenied {
		t.Errorf("a method without a rule: %v", err)
	}
	// The handler of List does not exist, so the call got past the interceptor.
	if _, err := client.List(t.Context(), &grpc_health_v1.HealthListRequest{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("a public method: %v", err)
	}
}

// failing is an authorizer that fails, whatever decision it returns.
type failing struct{ err error }

func (f failing) Authorize(context.Context, domain.Check) (domain.Decision, error) {
	return domain.Decision{Verdict: domain.VerdictOK}, f.err
}

// hanging is an authorizer whose store does not answer.
type hanging struct{}

func (hanging) Authorize(ctx context.Context, _ domain.Check) (domain.Decision, error) {
	<-ctx.Done()
	return domain.Decision{}, errors.Join(domain.ErrUnavailable, ctx.Err())
}

func TestInterceptor_RefusesWithoutADecision(t *testing.T) {
	t.Parallel()
	service := newService(t)
	key := keyOf(t, service, apikeys.KeySpec{Name: "k", Scopes: []string{"payment:read"}}).Secret.Reveal()
	service.Close()
	for name, c := range map[string]struct {
		authorizer grpcauth.Authorizer
		timeout    time.Duration // 0: none
		want       codes.Code
	}{
		"the service is closed":        {service, 0, codes.Unavailable},
		"the store has a slow moment":  {failing{errors.Join(domain.ErrUnavailable, context.DeadlineExceeded)}, 0, codes.Unavailable},
		"the check fails":              {failing{errors.New("the marked cause")}, 0, codes.Internal},
		"the caller's deadline passes": {hanging{}, 50 * time.Millisecond, codes.DeadlineExceeded},
	} {
		client := connect(t, newInterceptor(t, c.authorizer, "payment:read"))
		for kind, call := range calls {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				ctx := metadata.AppendToOutgoingContext(t.Context(), "x-api-key", key)
				if c.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.timeout)
					defer cancel()
				}
				err := call(ctx, client)
				if status.Code(err) != c.want || strings.Contains(err.Error(), "the marked cause") {
					t.Errorf("the call ends with %v, want %v", err, c.want)
				}
			})
		}
	}
}

func TestInterceptor_WrapsTheCauseForOtherInterceptors(t *testing.T) {
	t.Parallel()
	cause := errors.New("the marked cause")
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("x-api-key", keyOf(t, newService(t), apikeys.KeySpec{Name: "k"}).Secret.Reveal()))
	_, err := newInterceptor(t, failing{cause}).Unary(ctx, nil, &grpc.UnaryServerInfo{FullMethod: check}, func(context.Context, any) (any, error) {
		t.Error("the handler is called")
		return nil, nil
	})
	if !errors.Is(err, cause) || status.Code(err) != codes.Internal {
		t.Errorf("Unary() = %v", err)
	}
}

func TestNew_NamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	service := newService(t)
	_, err := grpcauth.New(service, grpcauth.Methods{check: {"payment:read", "Payment"}, watch: {"*"}}, grpcauth.Options{Public: []string{check}})
	for _, want := range []string{`"Payment"`, `"*"`, check + " is public"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New() = %v, want an error that contains %s", err, want)
		}
	}
	if _, err := grpcauth.New(nil, nil, grpcauth.Options{}); err == nil {
		t.Error("New accepts no authorizer")
	}
}

func TestInterceptor_RefusesBeyondLimits(t *testing.T) {
	t.Parallel()
	service := newService(t)
	client := connect(t, newInterceptor(t, service, "a:b"))
	for message, spec := range map[string]apikeys.KeySpec{
		"API key has reached a rate limit": {RateLimits: []apikeys.RateLimitSpec{{Name: "default", Limit: 1, WindowSeconds: 86_400}}},
		"API key has used up its quota":    {Quota: apikeys.QuotaSpec{Limit: 1, Period: "TOTAL"}},
	} {
		spec.Name, spec.Scopes = "k", []string{"a:b"}
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-api-key", keyOf(t, service, spec).Secret.Reveal())
		if err := calls["unary"](ctx, client); err != nil {
			t.Fatal(err)
		}
		for name, call := range calls {
			if err := call(ctx, client); status.Code(err) != codes.ResourceExhausted || status.Convert(err).Message() != message {
				t.Errorf("%s: %v, want %s", name, err, message)
			}
		}
	}
}
