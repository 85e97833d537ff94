package acceptance

import (
	"net/http"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/slaunchx/apikeys/domain"
)

// askEnvoys asks as Envoy does about a request from 127.0.0.1 with that header. An
// answer of 204 has the headers that the upstream gets.
func (w *world) askEnvoys(t *testing.T, header http.Header, scopes ...string) answer {
	t.Helper()
	return w.askEnvoysAbout(t, header, map[string]string{"scope": strings.Join(scopes, " ")})
}

// askEnvoysAbout is like askEnvoys for a route with those extensions. An answer of 204
// also has the headers that the client gets.
func (w *world) askEnvoysAbout(t *testing.T, header http.Header, extensions map[string]string) answer {
	t.Helper()
	connection, err := grpc.NewClient(w.extAuthz, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	response, err := authv3.NewAuthorizationClient(connection).Check(t.Context(), envoyRequest(header, extensions))
	if err != nil {
		t.Fatal(err)
	}
	if ok := response.GetOkResponse(); ok != nil {
		return answer{status: http.StatusNoContent, header: headerOf(append(ok.GetHeaders(), ok.GetResponseHeadersToAdd()...))}
	}
	denied := response.GetDeniedResponse()
	return answer{status: int(denied.GetStatus().GetCode()), header: headerOf(denied.GetHeaders()), body: denied.GetBody()}
}

func envoyRequest(header http.Header, extensions map[string]string) *authv3.CheckRequest {
	sent := &corev3.HeaderMap{}
	for name, values := range header {
		for _, value := range values {
			sent.Headers = append(sent.Headers, &corev3.HeaderValue{Key: strings.ToLower(name), RawValue: []byte(value)})
		}
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{
			SocketAddress: &corev3.SocketAddress{Address: "127.0.0.1"},
		}}},
		Request:           &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{HeaderMap: sent}},
		ContextExtensions: extensions,
	}}
}

func headerOf(options []*corev3.HeaderValueOption) http.Header {
	h := http.Header{}
	for _, o := range options {
		h.Add(o.GetHeader().GetKey(), o.GetHeader().GetValue())
	}
	return h
}

// What authorize tells a proxy, ext_authz tells Envoy.
func TestExtAuthz_AnswersAsAuthorizeDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, reader := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read", "payment:write"}, Mode: domain.ModeTest})
	_, bound := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}, IPWhitelist: []string{"192.0.2.1"}})
	for name, header := range map[string]http.Header{
		"an allowed key":      with(reader),
		"no key":              {"Accept-Language": {"vi"}},
		"another scope":       {"X-Api-Key": {bound}, "Accept-Language": {"ja"}},
		"an address":          {"Authorization": {"Bearer " + bound}, "Accept-Language": {"zh-TW"}},
		"an identifier of it": {"X-Request-Id": {"request-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scope := "payment:read"
			if name == "another scope" {
				scope = "payment:refund"
			}
			header = header.Clone()
			header.Set("X-Request-Id", "request-1")
			want, got := do(t, w.authorize("?scope="+scope, header)), w.askEnvoys(t, header, scope)
			if got.status != want.status || got.body != want.body {
				t.Errorf("ext_authz answers %d %s, authorize %d %s", got.status, got.body, want.status, want.body)
			}
			for name := range want.header {
				onlyHTTP := name == "Date" || name == "Content-Length" || want.status == http.StatusNoContent && (name == "Cache-Control" || name == "X-Request-Id")
				if !onlyHTTP && got.header.Get(name) != want.header.Get(name) {
					t.Errorf("%s: ext_authz answers %q, authorize %q", name, got.header.Get(name), want.header.Get(name))
				}
			}
		})
	}
}
