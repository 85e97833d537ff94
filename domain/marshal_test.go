package domain_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func parse[T any](t *testing.T, read func(string) (T, domain.Faults), s string) T {
	t.Helper()
	v, faults := read(s)
	if faults != nil {
		t.Fatal(faults)
	}
	return v
}

// Values that an embedder marshals have the members of the contract, in its spelling.
func TestMarshal_WritesTheContract(t *testing.T) {
	t.Parallel()
	scopes, _ := domain.NewScopeSet("payment:read", "payment:write")
	whitelist, _ := domain.NewIPWhitelist(
		parse(t, domain.ParseIPRange, "192.168.1.0/24"), parse(t, domain.ParseIPRange, "2001:DB8::1"))
	name := parse(t, domain.ParseName, `Production "Key"`)
	created := time.Date(2026, 3, 21, 1, 0, 0, 123456000, time.FixedZone("", 3600))
	ended := time.Date(2001, 3, 22, 0, 0, 0, 0, time.UTC)
	snapshot := domain.Snapshot{
		ID: "sk_live_0123456789ABCDEF", Workspace: "ws_1", Name: name, Mode: domain.ModeLive, Scopes: scopes,
		IPWhitelist: whitelist, CreatedBy: "acc-7", CreatedAt: created,
		Secrets: []domain.StoredSecret{{Digest: domain.Digest{PepperID: "p1", Sum: [32]byte{1}}}},
	}
	bare := domain.Snapshot{ID: "sk_test_0123456789ABCDEF", Workspace: "ws_1", Name: name, Mode: domain.ModeTest, CreatedBy: "acc-7", CreatedAt: created}
	disabled, expired, used, limited := bare, bare, bare, bare
	limited.RateLimits, limited.Quota = newRateLimits(t, "default", 100, 60), newQuota(t, 5, "TOTAL")
	disabled.Disabled = true
	expired.ExpiresAt = ended
	used.LastUsedAt = ended
	for what, tc := range map[string]struct {
		value any
		want  string
	}{
		"a name":                {name, `"Production \"Key\""`},
		"a mode":                {domain.ModeTest, `"TEST"`},
		"no mode":               {domain.Mode(0), `""`},
		"scopes":                {scopes, `["payment:read","payment:write"]`},
		"no scopes":             {domain.ScopeSet{}, `[]`},
		"a range":               {parse(t, domain.ParseIPRange, "10.0.0.0/8"), `"10.0.0.0/8"`},
		"a whitelist":           {whitelist, `["192.168.1.0/24","2001:db8::1"]`},
		"no whitelist":          {domain.IPWhitelist{}, `[]`},
		"an unreadable one":     {domain.UnreadableIPWhitelist(), `null`},
		"a part of a name":      {parse(t, domain.ParseNamePart, "PROD"), `"PROD"`},
		"a pointer in a struct": {struct{ Name *domain.Name }{&name}, `{"Name":"Production \"Key\""}`},
		"the key of a map":      {map[domain.Mode]int{domain.ModeLive: 1}, `{"LIVE":1}`},
		"an identity": {
			domain.Identity{KeyID: snapshot.ID, Workspace: "ws_1", Mode: domain.ModeLive, Scopes: scopes, ExpiresAt: ended},
			`{"apiKeyId":"sk_live_0123456789ABCDEF","workspaceId":"ws_1","mode":"LIVE","scopes":["payment:read","payment:write"],"expiresAt":"2001-03-22T00:00:00Z"}`,
		},
		"one of a key that never expires": {
			domain.Identity{KeyID: snapshot.ID, Workspace: "ws_1", Mode: domain.ModeLive},
			`{"apiKeyId":"sk_live_0123456789ABCDEF","workspaceId":"ws_1","mode":"LIVE","scopes":[],"expiresAt":null}`,
		},
		"a key": {
			domain.Rehydrate(snapshot),
			`{"apiKeyId":"sk_live_0123456789ABCDEF","name":"Production \"Key\"","status":"ACTIVE","mode":"LIVE",` +
				`"permissions":["payment:read","payment:write"],"scopes":["payment:read","payment:write"],"ipWhitelist":["192.168.1.0/24","2001:db8::1"],` +
				`"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":null,"createdBy":"acc-7","expiresAt":null,"rateLimits":[],"quota":null}`,
		},
		"a cost":       {domain.Cost{}, `1`},
		"a rate limit": {limited.RateLimits[0], `{"name":"default","limit":100,"windowSeconds":60}`},
		"a quota":      {limited.Quota, `{"limit":5,"period":"TOTAL"}`},
		"the limits of a key": {
			domain.Rehydrate(limited),
			strings.Replace(keyJSON(`"ACTIVE"`, `null`, `null`), `"rateLimits":[],"quota":null`,
				`"rateLimits":[{"name":"default","limit":100,"windowSeconds":60}],"quota":{"limit":5,"period":"TOTAL"}`, 1),
		},
		"the state of a rate limit": {
			domain.LimitState{Limit: limited.RateLimits[0], Remaining: 42, Reset: 16*time.Second + 1},
			`{"name":"default","limit":100,"remaining":42,"resetSeconds":17}`,
		},
		"the state of a quota that never resets": {
			domain.LimitState{Limit: limited.Quota, Reset: -1},
			`{"name":"quota","limit":5,"remaining":0,"resetSeconds":null}`,
		},
		"a disabled key by value": {*domain.Rehydrate(disabled), keyJSON(`"DISABLED"`, `null`, `null`)},
		"an expired key":          {domain.Rehydrate(expired), keyJSON(`"EXPIRED"`, `null`, `"2001-03-22T00:00:00Z"`)},
		"a key that was used":     {domain.Rehydrate(used), keyJSON(`"ACTIVE"`, `"2001-03-22T00:00:00Z"`, `null`)},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(tc.value)
			if err != nil || string(got) != tc.want {
				t.Errorf("json.Marshal() = %s, %v, want\n%s", got, err, tc.want)
			}
		})
	}
}

func keyJSON(status, lastUsedAt, expiresAt string) string {
	return `{"apiKeyId":"sk_test_0123456789ABCDEF","name":"Production \"Key\"","status":` + status + `,"mode":"TEST",` +
		`"permissions":[],"scopes":[],"ipWhitelist":[],"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":` + lastUsedAt +
		`,"createdBy":"acc-7","expiresAt":` + expiresAt + `,"rateLimits":[],"quota":null}`
}

// No value of this package is marshalled as {} because it has no exported fields.
func TestMarshal_LosesNothing(t *testing.T) {
	t.Parallel()
	whitelist, _ := domain.NewIPWhitelist(parse(t, domain.ParseIPRange, "10.0.0.1"))
	text, err := json.Marshal(map[string]any{
		"check":    domain.Check{Secret: newSecret(t, 1, domain.ModeLive), Addr: netip.MustParseAddr("10.0.0.1")},
		"decision": domain.Decision{},
		"draft":    domain.Draft{},
		"spec":     domain.KeySpec{},
		"filter":   domain.KeyFilter{},
		"event":    domain.Event{},
		"snapshot": domain.Snapshot{IPWhitelist: whitelist, Secrets: []domain.StoredSecret{{}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var empty func(path string, v any)
	empty = func(path string, v any) {
		object, _ := v.(map[string]any)
		if object != nil && len(object) == 0 {
			t.Errorf("%s is written {}", path)
		}
		for name, member := range object {
			empty(path+"."+name, member)
		}
	}
	var all any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	empty("", all)
}
