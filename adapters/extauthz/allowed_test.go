package extauthz_test

import (
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"github.com/slaunchx/apikeys/adapters/extauthz"
)

func TestCheck_TellsTheUpstreamWhoTheKeyIs(t *testing.T) {
	t.Parallel()
	response := newWorld(t).check(t, request{headers: key(secret), extensions: map[string]string{"scope": "payment:read payment:write"}})
	if code := codes.Code(response.GetStatus().GetCode()); code != codes.OK {
		t.Errorf("status = %v", code)
	}
	got := map[string]string{}
	for _, h := range response.GetOkResponse().GetHeaders() {
		if h.GetAppendAction() != corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD {
			t.Errorf("%s does not replace what the caller sent: %v", h.GetHeader().GetKey(), h.GetAppendAction())
		}
		got[h.GetHeader().GetKey()] = h.GetHeader().GetValue()
	}
	if diff := cmp.Diff(map[string]string{
		"X-Api-Key-Id":     "sk_live_0123456789ABCDEF",
		"X-Workspace-Id":   "ws_1",
		"X-Api-Key-Mode":   "LIVE",
		"X-Api-Key-Scopes": "payment:read payment:write",
	}, got); diff != "" {
		t.Errorf("headers for the upstream (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"apikeys": map[string]any{
		"api_key_id":   "sk_live_0123456789ABCDEF",
		"workspace_id": "ws_1",
		"mode":         "LIVE",
		"scopes":       []any{"payment:read", "payment:write"},
	}}, response.GetDynamicMetadata().AsMap()); diff != "" {
		t.Errorf("dynamic metadata (-want +got):\n%s", diff)
	}
	if removed := response.GetOkResponse().GetHeadersToRemove(); removed != nil {
		t.Errorf("headers removed without hide_key: %q", removed)
	}
}

func TestCheck_HidesTheKeyFromTheUpstream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		headers map[string]string
		want    []string
	}{
		"a key in its own header":     {key(secret), []string{"x-api-key"}},
		"a key as a bearer token":     {map[string]string{"authorization": "Bearer " + secret}, []string{"x-api-key", "authorization"}},
		"a key in both":               {map[string]string{"x-api-key": secret, "authorization": "bearer " + secret}, []string{"x-api-key", "authorization"}},
		"a key beside another scheme": {map[string]string{"x-api-key": secret, "authorization": "Basic YTpi"}, []string{"x-api-key"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := w.check(t, request{headers: tt.headers, extensions: map[string]string{"hide_key": "true"}})
			if diff := cmp.Diff(tt.want, response.GetOkResponse().GetHeadersToRemove()); diff != "" {
				t.Errorf("headers removed (-want +got):\n%s", diff)
			}
			if kept := w.check(t, request{headers: tt.headers, extensions: map[string]string{"hide_key": "false"}}); kept.GetOkResponse() == nil || kept.GetOkResponse().GetHeadersToRemove() != nil {
				t.Errorf("with hide_key false: %v", kept)
			}
		})
	}
}

func TestCheck_ReadsHeadersFromBothFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, r := range map[string]request{
		"headers":                      {headers: key(secret)},
		"headers, in another case":     {headers: map[string]string{"X-Api-Key": secret}},
		"header_map":                   {raw: [][2]string{{"x-api-key", secret}}},
		"header_map, in another case":  {raw: [][2]string{{"X-API-Key", secret}}},
		"both, the same":               {headers: key(secret), raw: [][2]string{{"x-api-key", secret}}},
		"a key in one of each":         {headers: map[string]string{"authorization": "Bearer " + secret}, raw: [][2]string{{"x-api-key", secret}}},
		"an address in headers":        {headers: map[string]string{"x-api-key": secret, "x-forwarded-for": "198.51.100.1, 203.0.113.7"}},
		"addresses in header_map":      {raw: [][2]string{{"x-api-key", secret}, {"x-forwarded-for", "198.51.100.1"}, {"x-forwarded-for", "203.0.113.7"}}},
		"addresses in both, the same":  {headers: map[string]string{"x-forwarded-for": "198.51.100.1,203.0.113.7"}, raw: [][2]string{{"x-api-key", secret}, {"x-forwarded-for", "198.51.100.1"}, {"x-forwarded-for", "203.0.113.7"}}},
		"a source that needs no proxy": {headers: key(secret), source: "203.0.113.7"},
		"a source as a mapped address": {headers: key(secret), source: "::ffff:203.0.113.7"},
		"a cost of 0":                  {headers: key(secret), extensions: map[string]string{"cost": "0"}},
		"the highest cost":             {headers: key(secret), extensions: map[string]string{"cost": "1000000"}},
		"scopes with several spaces":   {headers: key(secret), extensions: map[string]string{"scope": " payment:read  payment:write "}},
		"no scopes":                    {headers: key(secret), extensions: map[string]string{"scope": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if response := w.check(t, r); response.GetOkResponse() == nil {
				t.Errorf("the request is denied: %v", response)
			}
		})
	}
}

func TestCheck_AsksForTheInternalToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withToken)
	if response := w.check(t, request{headers: key(secret)}, "x-internal-token", token); response.GetOkResponse() == nil {
		t.Errorf("the request is denied: %v", response)
	}
}

func TestNew_RefusesIncompleteOptions(t *testing.T) {
	t.Parallel()
	if _, err := extauthz.New(extauthz.Options{}); err == nil {
		t.Error("New() = nil, want an error")
	}
}
