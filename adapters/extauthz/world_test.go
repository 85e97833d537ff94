package extauthz_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/adapters/i18n"
	"github.com/slaunchx/apikeys/domain"
)

const token = "0123456789abcdef0123456789abcdef"

// The secret of the only key of a world, and another one of the same form.
const (
	secret  = "sk_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw1GmBaH"
	unknown = "sk_test_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw3e0teW"
)

// world is a server of checks of one key, and Envoy's client of it.
type world struct {
	client authv3.AuthorizationClient
	conn   *grpc.ClientConn
	server *extauthz.Server
	log    *synchronized
}

// synchronized is a buffer for a logger.
type synchronized struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *synchronized) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *synchronized) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// oneKey allows the key with secret the scopes payment:read and payment:write,
// from 203.0.113.7 and 127.0.0.1.
func oneKey(_ context.Context, check domain.Check) (domain.Decision, error) {
	if check.Secret.Reveal() != secret {
		return domain.NotFound(), nil
	}
	scopes, _ := domain.NewScopeSet("payment:read", "payment:write")
	decision := domain.Decision{Verdict: domain.VerdictOK, Key: domain.Identity{
		KeyID: check.Secret.KeyID(), Workspace: "ws_1", Mode: domain.ModeLive, Scopes: scopes,
	}}
	switch {
	case check.Addr != netip.MustParseAddr("127.0.0.1") && check.Addr != netip.MustParseAddr("203.0.113.7"):
		decision.Verdict = domain.VerdictIPNotAllowed
	case len(check.Scopes) > 0 && check.Scopes[0] != "payment:read" && check.Scopes[0] != "payment:write":
		decision.Verdict = domain.VerdictInsufficientScope
	}
	return decision, nil
}

// newWorld starts a server on a real port. Unless changes say otherwise, it authorizes
// with oneKey and trusts proxies at loopback addresses.
func newWorld(t testing.TB, changes ...func(*extauthz.Options)) *world {
	t.Helper()
	messages, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{log: &synchronized{}}
	options := extauthz.Options{
		Authorize:      oneKey,
		Messages:       messages,
		Logger:         slog.New(slog.NewJSONHandler(w.log, nil)),
		Now:            time.Now,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	for _, change := range changes {
		change(&options)
	}
	if w.server, err = extauthz.New(options); err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- w.server.Serve(listener) }()
	if w.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.conn.Close()
		_ = w.server.Drain(context.WithoutCancel(t.Context()))
		<-stopped
	})
	w.client = authv3.NewAuthorizationClient(w.conn)
	return w
}

func withToken(o *extauthz.Options) { o.InternalToken = token }

// authorizing returns a change of the function that performs checks.
func authorizing(f func(context.Context, domain.Check) (domain.Decision, error)) func(*extauthz.Options) {
	return func(o *extauthz.Options) { o.Authorize = f }
}

// request is what Envoy sends about a request.
type request struct {
	source     string            // address of the client
	headers    map[string]string // as in the field headers
	raw        [][2]string       // as in the field header_map
	extensions map[string]string
}

// proto returns the message. By default the client is at 127.0.0.1.
func (r request) proto() *authv3.CheckRequest {
	if r.source == "" {
		r.source = "127.0.0.1"
	}
	http := &authv3.AttributeContext_HttpRequest{Method: "GET", Path: "/payments/1", Headers: r.headers}
	for _, header := range r.raw {
		if http.HeaderMap == nil {
			http.HeaderMap = &corev3.HeaderMap{}
		}
		http.HeaderMap.Headers = append(http.HeaderMap.Headers, &corev3.HeaderValue{Key: header[0], RawValue: []byte(header[1])})
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{
			SocketAddress: &corev3.SocketAddress{Address: r.source, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 51008}},
		}}},
		Request:           &authv3.AttributeContext_Request{Http: http},
		ContextExtensions: r.extensions,
	}}
}

// key returns the headers of a request with a key.
func key(secret string) map[string]string { return map[string]string{"x-api-key": secret} }

// check makes one call with metadata, pairs of a name and a value.
func (w *world) check(t testing.TB, r request, pairs ...string) *authv3.CheckResponse {
	t.Helper()
	response, err := w.client.Check(metadata.AppendToOutgoingContext(t.Context(), pairs...), r.proto())
	if err != nil {
		t.Fatalf("the call ends with %v, want a response", err)
	}
	return response
}
