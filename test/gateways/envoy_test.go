package gateways

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/stream/v3" // named by the configurations
	extauthzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/formatter/req_without_query/v3"
	mutationv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/early_header_mutation/header_mutation/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/adapters/i18n"
	"github.com/slaunchx/apikeys/domain"
)

// Envoy cannot be run here. These tests read its configurations as Envoy does,
// strictly into the messages of its API with the constraints that they state, and
// ask the service what their routes would make it check.

// parseEnvoy reads value, which is YAML as decoded, into m, and fails the test for
// an unknown field or a value that Envoy would refuse.
func parseEnvoy(t *testing.T, value any, m proto.Message) {
	t.Helper()
	parsePatch(t, value, m)
	// Messages within an Any have constraints of their own.
	err := protorange.Range(m.ProtoReflect(), func(p protopath.Values) error {
		if v, ok := p.Index(-1).Value.Interface().(protoreflect.Message); ok {
			return validate(v.Interface())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// validate checks what protoc-gen-validate has generated for the message.
func validate(m proto.Message) error {
	if v, ok := m.(interface{ ValidateAll() error }); ok {
		return v.ValidateAll()
	}
	return nil
}

// extension returns the message in an Any that has its type.
func extension[M proto.Message](t *testing.T, of interface{ UnmarshalTo(proto.Message) error }, m M) M {
	t.Helper()
	if err := of.UnmarshalTo(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func documents(t *testing.T, path string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for decoder := yaml.NewDecoder(bytes.NewReader([]byte(substitute(t, path)))); ; {
		var document map[string]any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, document)
	}
}

func TestEnvoy_ConfigurationIsOne(t *testing.T) {
	t.Parallel()
	var bootstrap bootstrapv3.Bootstrap
	parseEnvoy(t, documents(t, "envoy/envoy.yaml")[0], &bootstrap)
	var clusters []string
	for _, cluster := range bootstrap.GetStaticResources().GetClusters() {
		clusters = append(clusters, cluster.GetName())
	}
	manager := extension(t, bootstrap.GetStaticResources().GetListeners()[0].GetFilterChains()[0].GetFilters()[0].GetTypedConfig(), &hcmv3.HttpConnectionManager{})
	mustClearIdentity(t, manager)
	filters := manager.GetHttpFilters()
	if len(filters) != 2 || filters[0].GetName() != "envoy.filters.http.ext_authz" {
		t.Fatalf("filters = %v, want ext_authz and the router", filters)
	}
	filter := extension(t, filters[0].GetTypedConfig(), &extauthzv3.ExtAuthz{})
	mustDenyOnFailure(t, filter)
	if name := filter.GetGrpcService().GetEnvoyGrpc().GetClusterName(); !slices.Contains(clusters, name) {
		t.Errorf("there is no cluster %s", name)
	}
	checked := map[string]map[string]string{}
	for _, route := range manager.GetRouteConfig().GetVirtualHosts()[0].GetRoutes() {
		if !slices.Contains(clusters, route.GetRoute().GetCluster()) {
			t.Errorf("there is no cluster %s", route.GetRoute().GetCluster())
		}
		checked[route.GetMatch().GetPathSeparatedPrefix()+route.GetMatch().GetPath()] = extensionsOf(t, route)
	}
	if diff := cmp.Diff(map[string]map[string]string{
		"/payments": {"scope": "payment:read", "hide_key": "true"},
		"/refunds":  {"scope": "payment:read payment:write", "hide_key": "true"},
		"/healthz":  nil,
	}, checked); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	mustBeUnderstood(t, checked)
}

// The token in comments is as Envoy wants it.
func TestEnvoy_ConfigurationWithATokenIsOne(t *testing.T) {
	t.Parallel()
	text := substitute(t, "envoy/envoy.yaml", "# initial_metadata:", "initial_metadata:", "#   - {key: x-internal-token", "  - {key: x-internal-token")
	var value map[string]any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	var bootstrap bootstrapv3.Bootstrap
	parseEnvoy(t, value, &bootstrap)
	if !strings.Contains(protojson.Format(&bootstrap), "x-internal-token") {
		t.Error("the configuration lacks the token")
	}
}

func TestIstio_ConfigurationIsOne(t *testing.T) {
	t.Parallel()
	all := documents(t, "istio/apikeys.yaml")
	routes, patches := all[1]["spec"].(map[string]any)["http"].([]any), all[2]["spec"].(map[string]any)["configPatches"].([]any)
	var names []string
	for _, route := range routes {
		names = append(names, route.(map[string]any)["name"].(string))
	}
	checked := map[string]map[string]string{}
	applied := map[string]int{}
	for _, patch := range patches {
		var p struct {
			ApplyTo string `yaml:"applyTo"`
			Match   struct {
				RouteConfiguration struct {
					Vhost struct{ Route struct{ Name string } }
				} `yaml:"routeConfiguration"`
			}
			Patch struct {
				Operation string
				Value     map[string]any
			}
		}
		decodeInto(t, patch, &p)
		applied[p.ApplyTo]++
		switch p.ApplyTo {
		case "NETWORK_FILTER":
			var filter listenerv3.Filter
			parsePatch(t, p.Patch.Value, &filter)
			mustClearIdentity(t, extension(t, filter.GetTypedConfig(), &hcmv3.HttpConnectionManager{}))
		case "HTTP_FILTER":
			var filter hcmv3.HttpFilter
			parseEnvoy(t, p.Patch.Value, &filter)
			mustDenyOnFailure(t, extension(t, filter.GetTypedConfig(), &extauthzv3.ExtAuthz{}))
		case "HTTP_ROUTE":
			var route routev3.Route
			parsePatch(t, p.Patch.Value, &route)
			checked[p.Match.RouteConfiguration.Vhost.Route.Name] = extensionsOf(t, &route)
		}
	}
	if diff := cmp.Diff(map[string]int{"NETWORK_FILTER": 1, "HTTP_FILTER": 1, "HTTP_ROUTE": len(names)}, applied); diff != "" {
		t.Errorf("patches (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]map[string]string{
		"payments": {"scope": "payment:read", "hide_key": "true"},
		"refunds":  {"scope": "payment:read payment:write", "hide_key": "true"},
		"healthz":  nil,
	}, checked); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	for name := range checked {
		if !slices.Contains(names, name) {
			t.Errorf("the VirtualService has no route %s", name)
		}
	}
	mustBeUnderstood(t, checked)
}

func decodeInto(t *testing.T, value, into any) {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// parsePatch is like parseEnvoy for a part of a message, which lacks what the
// constraints require of the whole.
func parsePatch(t *testing.T, value any, m proto.Message) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(text, m); err != nil {
		t.Fatal(err)
	}
}

// mustClearIdentity fails the test unless callers cannot send identity headers.
func mustClearIdentity(t *testing.T, manager *hcmv3.HttpConnectionManager) {
	t.Helper()
	if manager.GetCommonHttpProtocolOptions().GetHeadersWithUnderscoresAction() != corev3.HttpProtocolOptions_REJECT_REQUEST {
		t.Error("headers with underscores are not rejected")
	}
	if !manager.GetNormalizePath().GetValue() {
		t.Error("paths are not normalized")
	}
	var removed []string
	for _, e := range manager.GetEarlyHeaderMutationExtensions() {
		for _, m := range extension(t, e.GetTypedConfig(), &mutationv3.HeaderMutation{}).GetMutations() {
			removed = append(removed, m.GetRemove())
		}
	}
	if diff := cmp.Diff([]string{"x-api-key-id", "x-workspace-id", "x-api-key-mode", "x-api-key-scopes"}, removed); diff != "" {
		t.Errorf("headers removed from requests (-want +got):\n%s", diff)
	}
}

func mustDenyOnFailure(t *testing.T, filter *extauthzv3.ExtAuthz) {
	t.Helper()
	if filter.GetFailureModeAllow() || filter.GetWithRequestBody() != nil || filter.GetStatusOnError().GetCode() != 503 {
		t.Errorf("the filter is %v, want one that denies by 503 on failure, and sends no body", filter)
	}
	var sent []string
	for _, pattern := range filter.GetAllowedHeaders().GetPatterns() {
		sent = append(sent, pattern.GetExact())
	}
	if diff := cmp.Diff([]string{"x-api-key", "authorization", "x-forwarded-for", "accept-language", "x-request-id"}, sent); diff != "" {
		t.Errorf("headers sent to the service (-want +got):\n%s", diff)
	}
}

// extensionsOf returns the context extensions of a route, or nil if it is not checked.
func extensionsOf(t *testing.T, route *routev3.Route) map[string]string {
	t.Helper()
	config := route.GetTypedPerFilterConfig()["envoy.filters.http.ext_authz"]
	if config == nil {
		t.Fatalf("%v says nothing of the check", route)
	}
	perRoute := extension(t, config, &extauthzv3.ExtAuthzPerRoute{})
	if perRoute.GetDisabled() {
		return nil
	}
	return perRoute.GetCheckSettings().GetContextExtensions()
}

// mustBeUnderstood asks a server about each route, with a key that holds the scopes
// it should require, and with one that lacks them.
func mustBeUnderstood(t *testing.T, checked map[string]map[string]string) {
	t.Helper()
	var held domain.ScopeSet
	client := startExtAuthz(t, func(_ context.Context, check domain.Check) (domain.Decision, error) {
		decision := domain.Decision{Verdict: domain.VerdictOK, Key: domain.Identity{KeyID: check.Secret.KeyID(), Workspace: "ws_1", Mode: domain.ModeLive, Scopes: held}}
		for _, scope := range check.Scopes {
			if !held.Holds([]domain.Scope{scope}) {
				decision.Verdict = domain.VerdictInsufficientScope
			}
		}
		return decision, nil
	})
	for route, extensions := range checked {
		if extensions == nil {
			continue
		}
		for _, scopes := range [][]domain.Scope{{"payment:read", "payment:write"}, {"payment:other"}} {
			held, _ = domain.NewScopeSet(scopes...)
			response, err := client.Check(t.Context(), &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
				Request:           &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{Headers: map[string]string{"x-api-key": aSecret}}},
				ContextExtensions: extensions,
			}})
			allowed, want := response.GetOkResponse() != nil, len(scopes) == 2
			if err != nil || allowed != want {
				t.Errorf("%s with %v: %v, %v", route, scopes, response, err)
			}
			if allowed && !slices.Contains(response.GetOkResponse().GetHeadersToRemove(), "x-api-key") {
				t.Errorf("%s: the key reaches the API", route)
			}
		}
	}
}

const aSecret = "sk_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw1GmBaH"

func startExtAuthz(t *testing.T, authorize func(context.Context, domain.Check) (domain.Decision, error)) authv3.AuthorizationClient {
	t.Helper()
	messages, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	server, err := extauthz.New(extauthz.Options{Authorize: authorize, Messages: messages, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		connection.Close()
		_ = server.Drain(context.WithoutCancel(t.Context()))
	})
	return authv3.NewAuthorizationClient(connection)
}
