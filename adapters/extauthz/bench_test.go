package extauthz

import (
	"context"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/proto"

	"github.com/slaunchx/apikeys/domain"
)

const secret = "sk_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw1GmBaH"

// BenchmarkServe measures a check without gRPC and without the permission check.
func BenchmarkServe(b *testing.B) {
	c := newChecker(b, 1)
	scopes, _ := domain.NewScopeSet("payment:read")
	c.options.Authorize = func(_ context.Context, check domain.Check) (domain.Decision, error) {
		return domain.Decision{Verdict: domain.VerdictOK, Key: domain.Identity{
			KeyID: check.Secret.KeyID(), Workspace: "ws_1", Mode: domain.ModeLive, Scopes: scopes,
		}}, nil
	}
	request, err := proto.Marshal(&authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{
			SocketAddress: &corev3.SocketAddress{Address: "192.168.1.7"},
		}}},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{Headers: map[string]string{
			":authority": "api.example", ":method": "GET", ":path": "/payments/1", ":scheme": "https",
			"accept": "*/*", "user-agent": "curl/8.5.0", "x-api-key": secret,
			"x-forwarded-for": "192.168.1.7", "x-forwarded-proto": "https", "x-request-id": "6f9619ff-8b86-4011-b42d-00cf4fc964ff",
		}}},
		ContextExtensions: map[string]string{"scope": "payment:read", "hide_key": "true"},
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("receive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m message
			if err := received(b, request)(&m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("serve", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			response, err := c.serve(b.Context(), received(b, request))
			if err != nil || response.GetOkResponse() == nil {
				b.Fatal(response, err)
			}
		}
	})
	response, _ := c.serve(b.Context(), received(b, request))
	b.Run("marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := proto.Marshal(response); err != nil {
				b.Fatal(err)
			}
		}
	})
}
