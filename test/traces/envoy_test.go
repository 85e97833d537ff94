package traces_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/slaunchx/apikeys"
)

// The trace of Envoy's client, whose request Envoy describes.
const outsider = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestTraces_ContinueThoseOfEnvoy(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newTraced(t, stores["sqlite"](t), apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	id, secret := s.create(t, `{"name":"hunter2","scopes":["hunter2:read"]}`, nil)
	ask := s.envoy(t)
	ask(s.id("envoy-allowed"), sampled, secret, "hunter2:read")
	ask(s.id("envoy-denied"), sampled, secret, "hunter2:write")
	ask(s.id("envoy-unsampled"), unsampled, secret, "hunter2:read")
	ask(s.id("envoy-malformed"), "00-"+callerTrace, secret, "hunter2:read")
	openMetrics := s.scrape(t, "application/openmetrics-text")
	s.sent(t)

	allowed, denied := received.request(t, s.id("envoy-allowed")), received.request(t, s.id("envoy-denied"))
	for _, got := range []span{allowed, denied} {
		if got.Name != "envoy.service.auth.v3.Authorization/Check" || got.trace() != callerTrace || got.parent() != callerSpan {
			t.Errorf("%s is in trace %s below %s", got.Name, got.trace(), got.parent())
		}
		if got.attributes["rpc.system.name"] != "grpc" || got.attributes["rpc.method"] != got.Name ||
			got.attributes["apikeys.workspace_id"] != workspace || got.attributes["apikeys.api_key_id"] != id {
			t.Errorf("attributes are %v", got.attributes)
		}
	}
	if allowed.attributes["apikeys.code"] != "" || denied.attributes["apikeys.code"] != "4032" {
		t.Errorf("codes are %q and %q", allowed.attributes["apikeys.code"], denied.attributes["apikeys.code"])
	}
	if received.contains(s.id("envoy-unsampled")) {
		t.Error("an unsampled check was sent")
	}
	if got := received.request(t, s.id("envoy-malformed")); got.trace() == callerTrace || got.parent() != "" || strings.Contains(outsider, got.trace()) {
		t.Errorf("the check is in trace %s below %s", got.trace(), got.parent())
	}
	if below := withoutFirsts(received.below(allowed)); len(below) > 1 || len(below) == 1 && below[0] != "SELECT" {
		t.Errorf("the spans below a check are %v", below)
	}
	if !strings.Contains(log.String(), `"trace_id":"`+callerTrace+`"`) || !strings.Contains(openMetrics, `# {trace_id="`+callerTrace+`"} `) {
		t.Errorf("the log or the exemplars lack the trace:\n%s", log.String())
	}
	for _, text := range []string{"hunter2:", secret} {
		if received.contains(text) {
			t.Errorf("the traces contain %q", text)
		}
	}
}

// envoy serves s to Envoy and returns a function that asks, with traceparent in the
// metadata, about a request with that key.
func (s service) envoy(t *testing.T) func(requestID, traceparent, secret, scope string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-stopped
	})
	connection, err := grpc.NewClient((<-s.listening).ExtAuthz.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	client := authv3.NewAuthorizationClient(connection)
	return func(requestID, traceparent, secret, scope string) {
		t.Helper()
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-internal-token", internalToken, "traceparent", traceparent)
		_, err := client.Check(ctx, &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
			Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{Headers: map[string]string{
				"x-api-key": secret, "x-request-id": requestID, "traceparent": outsider,
			}}},
			ContextExtensions: map[string]string{"scope": scope},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}
