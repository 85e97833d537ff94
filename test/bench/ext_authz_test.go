package bench

import (
	"context"
	"fmt"
	"net"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/test/serving"
)

// BenchmarkExtAuthz compares Envoy's authorization of a cached key with a gRPC
// server that gives a constant response of the same content. Each side has one
// connection with that many calls in flight, as a worker of Envoy has. The amount
// of work is fixed: -benchtime has no effect.
func BenchmarkExtAuthz(b *testing.B) {
	cfg := settings(b, jwttest.NewIssuer(b), "memory://")
	cfg.ExtAuthzAddr = "127.0.0.1:0"
	running := serving.Start(b, cfg, apikeys.WithExtAuthz(extauthz.New))
	request := envoyRequest(create(b, running.Service).Reveal())
	service := newEnvoy(b, running.ExtAuthz, request)
	response, err := service.client.Check(b.Context(), request)
	if err != nil || response.GetOkResponse() == nil {
		b.Fatalf("Check() = %v, %v", response, err)
	}
	bare := newEnvoy(b, newConstant(b, response), request)
	for _, streams := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			r := compareChecks(b, pair{bare: bare, service: service}, streams)
			r.report(b)
			b.ReportMetric(0.85, "target")
		})
	}
}

// envoyRequest is what Envoy sends about a request of curl with a key.
func envoyRequest(secret string) *authv3.CheckRequest {
	address := func(ip string, port uint32) *authv3.AttributeContext_Peer {
		return &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{
			SocketAddress: &corev3.SocketAddress{Address: ip, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port}},
		}}}
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source:      address("192.168.1.7", 51008),
		Destination: address("10.0.0.2", 8000),
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "1234567890123456789", Method: "GET", Path: "/payments/1", Host: "api.example", Scheme: "https", Protocol: "HTTP/1.1",
			Headers: map[string]string{
				":authority": "api.example", ":method": "GET", ":path": "/payments/1", ":scheme": "https",
				"accept": "*/*", "user-agent": "curl/8.5.0", "x-api-key": secret,
				"x-forwarded-for": "192.168.1.7", "x-forwarded-proto": "https", "x-request-id": "6f9619ff-8b86-4011-b42d-00cf4fc964ff",
			},
		}},
		ContextExtensions: map[string]string{"scope": "payment:read", "hide_key": "true"},
	}}
}

// constant is a server that always gives the same response.
type constant struct {
	authv3.UnimplementedAuthorizationServer
	response *authv3.CheckResponse
}

// Check implements authv3.AuthorizationServer.
func (c constant) Check(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return c.response, nil
}

// newConstant starts a server and returns its address.
func newConstant(t testing.TB, response *authv3.CheckResponse) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	authv3.RegisterAuthorizationServer(server, constant{response: response})
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// envoy is a side that makes the same call every time, on one connection.
type envoy struct {
	client  authv3.AuthorizationClient
	request *authv3.CheckRequest
}

func newEnvoy(t testing.TB, address string, request *authv3.CheckRequest) *envoy {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return &envoy{client: authv3.NewAuthorizationClient(connection), request: request}
}

func (s *envoy) clients(t testing.TB, n, _ int) []client {
	t.Helper()
	all := make([]client, n)
	for i := range all {
		all[i] = func(int) error {
			response, err := s.client.Check(t.Context(), s.request)
			if err == nil && response.GetOkResponse() == nil {
				err = fmt.Errorf("response is %v", response)
			}
			return err
		}
	}
	return all
}
