package jwtauth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/domain"
)

func TestAuthenticate_ReturnsTheActorOfTheToken(t *testing.T) {
	t.Parallel()
	roles := func(pairs ...string) map[domain.WorkspaceID]domain.Role {
		m := map[domain.WorkspaceID]domain.Role{}
		for i := 0; i < len(pairs); i += 2 {
			m[domain.WorkspaceID(pairs[i])] = domain.Role(pairs[i+1])
		}
		return m
	}
	a := trusting(t, trustedSet())
	cases := map[string]struct {
		change object
		want   func(*domain.Actor)
	}{
		"a plain token":       {nil, func(*domain.Actor) {}},
		"every role":          {object{"workspaces": object{"a": "OWNER", "b": "ADMIN", "c": "OPERATOR", "d": "VIEWER"}}, func(w *domain.Actor) { w.Roles = roles("a", "OWNER", "b", "ADMIN", "c", "OPERATOR", "d", "VIEWER") }},
		"no workspaces":       {object{"workspaces": nil}, func(w *domain.Actor) { w.Roles = nil }},
		"empty workspaces":    {object{"workspaces": object{}}, func(w *domain.Actor) { w.Roles = roles() }},
		"an unknown role":     {object{"workspaces": object{"a": "ROOT", "b": "owner", "c": "", "d": "VIEWER"}}, func(w *domain.Actor) { w.Roles = roles("d", "VIEWER") }},
		"one role in a list":  {object{"workspaces": object{"a": []string{"OWNER"}, "b": "ADMIN"}}, func(w *domain.Actor) { w.Roles = roles("a", "OWNER", "b", "ADMIN") }},
		"several roles":       {object{"workspaces": object{"a": []string{"VIEWER", "OWNER", "ADMIN"}, "b": []string{"VIEWER", "ADMIN"}, "c": []string{"VIEWER", "OPERATOR"}}}, func(w *domain.Actor) { w.Roles = roles("a", "OWNER", "b", "ADMIN", "c", "OPERATOR") }},
		"no roles in a list":  {object{"workspaces": object{"a": []string{}, "b": []string{"VIEWER"}}}, func(w *domain.Actor) { w.Roles = roles("b", "VIEWER") }},
		"unknown roles":       {object{"workspaces": object{"a": []string{"ROOT", "owner"}, "b": []string{"ROOT", "VIEWER", ""}}}, func(w *domain.Actor) { w.Roles = roles("b", "VIEWER") }},
		"malformed IDs":       {object{"workspaces": object{"": "OWNER", "a b": "OWNER", strings.Repeat("w", 65): "OWNER", "ok": "OWNER"}}, func(w *domain.Actor) { w.Roles = roles("ok", "OWNER") }},
		"SYSTEM":              {object{"portal": "SYSTEM"}, func(w *domain.Actor) { w.Portal = domain.PortalSystem }},
		"TENANT":              {object{"portal": "TENANT"}, func(w *domain.Actor) { w.Portal = domain.PortalTenant }},
		"CONSUMER":            {object{"portal": "CONSUMER"}, func(w *domain.Actor) { w.Portal = domain.PortalConsumer }},
		"a client hash":       {object{"client_hash": "~!" + strings.Repeat("h", 254)}, func(w *domain.Actor) { w.ClientHash = "~!" + strings.Repeat("h", 254) }},
		"the longest account": {object{"sub": strings.Repeat("é", 127) + "e"}, func(w *domain.Actor) { w.AccountID = strings.Repeat("é", 127) + "e" }},
		"several audiences":   {object{"aud": []string{"other", audience}}, func(*domain.Actor) {}},
		"an unknown claim":    {object{"admin": true, "SUB": "acc_2"}, func(*domain.Actor) {}},
		"fractions":           {object{"exp": float64(now.Unix()) + 0.5, "iat": float64(now.Unix()) + 0.25}, func(*domain.Actor) {}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := domain.Actor{AccountID: "acc_1", Portal: domain.PortalPartner, Roles: roles("ws_1", "OWNER")}
			c.want(&want)
			got := wantAccepted(t, a, edKey().token(claims(c.change)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("actor (-want +got):\n%s", diff)
			}
		})
	}
}

// null is a claim that is present with the value null; nil removes a claim.
type null struct{}

func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func TestAuthenticate_RejectsWrongClaims(t *testing.T) {
	t.Parallel()
	a := trusting(t, trustedSet())
	cases := map[string]object{
		"another issuer":                  {"iss": issuer + "/"},
		"an issuer in another case":       {"iss": strings.ToUpper(issuer)},
		"no issuer":                       {"iss": nil},
		"a list of issuers":               {"iss": []string{issuer}},
		"another audience":                {"aud": "other"},
		"a part of the audience":          {"aud": audience[:3]},
		"no audience":                     {"aud": nil},
		"no audience in the list":         {"aud": []string{}},
		"other audiences":                 {"aud": []string{"a", "b"}},
		"an audience and a number":        {"aud": []any{audience, 1}},
		"an audience as an object":        {"aud": object{audience: true}},
		"a null audience":                 {"aud": null{}},
		"no expiry":                       {"exp": nil},
		"a null expiry":                   {"exp": null{}},
		"an expiry that is a string":      {"exp": fmt.Sprint(now.Add(time.Hour).Unix())},
		"an expiry after the year 9999":   {"exp": 1e15},
		"an expiry before the epoch":      {"exp": -1},
		"a start that is a string":        {"nbf": "0"},
		"a start before the epoch":        {"nbf": -1},
		"a null start":                    {"nbf": null{}},
		"an issue time that is a boolean": {"iat": true},
		"no account":                      {"sub": nil},
		"an empty account":                {"sub": ""},
		"an account that is a number":     {"sub": 1},
		"a null account":                  {"sub": null{}},
		"a long account":                  {"sub": strings.Repeat("a", 256)},
		"a control character":             {"sub": "acc\n1"},
		"another control character":       {"sub": "acc\u0085"},
		"no portal":                       {"portal": nil},
		"an unknown portal":               {"portal": "ADMIN"},
		"a portal in lower case":          {"portal": "partner"},
		"an empty portal":                 {"portal": ""},
		"a list of portals":               {"portal": []string{"PARTNER"}},
		"workspaces as a list":            {"workspaces": []string{"ws_1"}},
		"workspaces as a string":          {"workspaces": "ws_1"},
		"null workspaces":                 {"workspaces": null{}},
		"a role that is a number":         {"workspaces": object{"ws_1": "OWNER", "ws_2": 1}},
		"a role that is null":             {"workspaces": object{"ws_1": null{}}},
		"a role and a number":             {"workspaces": object{"ws_1": []any{"OWNER", 1}}},
		"a role and null":                 {"workspaces": object{"ws_1": []any{"OWNER", nil}}},
		"a list of lists of roles":        {"workspaces": object{"ws_1": []any{[]string{"OWNER"}}}},
		"an object of roles":              {"workspaces": object{"ws_1": object{"OWNER": true}}},
		"a bad list in another workspace": {"workspaces": object{"ws_1": "OWNER", "a b": []any{1}}},
		"an empty client hash":            {"client_hash": ""},
		"a null client hash":              {"client_hash": null{}},
		"a client hash that is a number":  {"client_hash": 1},
		"a client hash with a space":      {"client_hash": "a b"},
		"a client hash outside ASCII":     {"client_hash": "é"},
		"a long client hash":              {"client_hash": strings.Repeat("h", 257)},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRejected(t, a, edKey().token(claims(change)))
		})
	}
	t.Run("a duplicate workspace", func(t *testing.T) {
		t.Parallel()
		payload := strings.Replace(string(marshal(claims())), `"ws_1":"OWNER"`, `"ws_1":"VIEWER","ws_1":"OWNER"`, 1)
		wantRejected(t, a, edKey().signRaw(marshal(edKey().header()), []byte(payload)))
	})
}

func TestAuthenticate_AllowsAMinuteOfClockSkew(t *testing.T) {
	t.Parallel()
	a := trusting(t, trustedSet())
	unix := func(d time.Duration) int64 { return now.Add(d).Unix() }
	cases := map[string]struct {
		change object
		valid  bool
	}{
		"expired 59 s ago":     {object{"exp": unix(-59 * time.Second)}, true},
		"expired 60 s ago":     {object{"exp": unix(-60 * time.Second)}, false},
		"expired an hour ago":  {object{"exp": unix(-time.Hour)}, false},
		"valid in 60 s":        {object{"nbf": unix(60 * time.Second)}, true},
		"valid in 61 s":        {object{"nbf": unix(61 * time.Second)}, false},
		"issued 60 s from now": {object{"iat": unix(60 * time.Second)}, true},
		"issued 61 s from now": {object{"iat": unix(61 * time.Second)}, false},
		"no time of issue":     {object{"iat": nil}, true},
		"valid since 1970":     {object{"nbf": 0}, true},
		"expires in 9999":      {object{"exp": 253402300799}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := edKey().token(claims(c.change))
			if c.valid {
				wantAccepted(t, a, token)
			} else {
				wantRejected(t, a, token)
			}
		})
	}
}

func TestAuthenticate_ReadsClaimsByConfiguredNames(t *testing.T) {
	t.Parallel()
	a := start(t, config(fromFile(keyFile(t, trustedSet())), func(c *jwtauth.Config) {
		c.Claims = jwtauth.ClaimNames{
			Account:    "account_id",
			Portal:     "https://issuer.example/portal",
			Workspaces: "ws",
			ClientHash: "device",
		}
	}))
	got := wantAccepted(t, a, edKey().token(claims(object{
		"account_id":                    "acc_9",
		"https://issuer.example/portal": "TENANT",
		"ws":                            object{"ws_9": "ADMIN"},
		"device":                        "d",
		"client_hash":                   1, // ignored with these names
	})))
	want := domain.Actor{
		AccountID:  "acc_9",
		Portal:     domain.PortalTenant,
		Roles:      map[domain.WorkspaceID]domain.Role{"ws_9": domain.RoleAdmin},
		ClientHash: "d",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actor (-want +got):\n%s", diff)
	}
	wantRejected(t, a, edKey().token(claims()))
}

func TestAuthenticate_UsesTheDefaultPortal(t *testing.T) {
	t.Parallel()
	a := start(t, config(fromFile(keyFile(t, trustedSet())), func(c *jwtauth.Config) { c.DefaultPortal = domain.PortalTenant }))
	for name, c := range map[string]struct {
		portal any
		want   domain.Portal // empty if the token is rejected
	}{
		"no portal":               {nil, domain.PortalTenant},
		"another portal":          {"PARTNER", domain.PortalPartner},
		"an unknown portal":       {"ADMIN", ""},
		"an empty portal":         {"", ""},
		"a null portal":           {null{}, ""},
		"a portal that is a list": {[]string{"PARTNER"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := edKey().token(claims(object{"portal": c.portal}))
			if c.want == "" {
				wantRejected(t, a, token)
				return
			}
			if got := wantAccepted(t, a, token).Portal; got != c.want {
				t.Errorf("portal is %s, want %s", got, c.want)
			}
		})
	}
}

// The error of a rejected token is logged. It names the claim and the problem but
// quotes no value of the token.
func TestAuthenticate_NamesTheOffendingClaim(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	a := start(t, config(fromFile(keyFile(t, trustedSet())), func(c *jwtauth.Config) {
		c.Claims = jwtauth.ClaimNames{Account: "uid", Portal: "https://issuer.example/portal", Workspaces: "ws", ClientHash: "device"}
	}))
	honest := object{"uid": "acc_1", "https://issuer.example/portal": "PARTNER", "ws": object{"ws_1": "OWNER"}}
	wantAccepted(t, a, edKey().token(claims(honest)))
	for name, c := range map[string]struct {
		change object
		want   string
	}{
		"no issuer":              {object{"iss": nil}, "claim iss is missing"},
		"another issuer":         {object{"iss": secret}, "claim iss is not the expected issuer"},
		"an issuer in an array":  {object{"iss": []string{secret}}, "claim iss is not the expected issuer"},
		"no audience":            {object{"aud": nil}, "claim aud is missing"},
		"another audience":       {object{"aud": []string{secret}}, "claim aud does not contain the expected audience"},
		"no expiry":              {object{"exp": nil}, "claim exp is missing"},
		"an expiry that is text": {object{"exp": secret}, "claim exp is not a time"},
		"an expiry in the past":  {object{"exp": 1}, "claim exp is in the past"},
		"a start that is text":   {object{"nbf": secret}, "claim nbf is not a time"},
		"a start in the future":  {object{"nbf": now.Add(time.Hour).Unix()}, "claim nbf is in the future"},
		"issued in the future":   {object{"iat": now.Add(time.Hour).Unix()}, "claim iat is in the future"},
		"no account":             {object{"uid": nil}, "claim uid is missing"},
		"a bad account":          {object{"uid": secret + "\n"}, "claim uid is not 1 to 255 bytes of text"},
		"no portal":              {object{"https://issuer.example/portal": nil}, "claim https://issuer.example/portal is missing"},
		"an unknown portal":      {object{"https://issuer.example/portal": secret}, "claim https://issuer.example/portal is not SYSTEM"},
		"bad workspaces":         {object{"ws": secret}, "claim ws is not an object of roles"},
		"a bad role":             {object{"ws": object{secret: []any{1}}}, "claim ws is not an object of roles"},
		"a bad client hash":      {object{"device": secret + " "}, "claim device is not 1 to 256 visible ASCII characters"},
		"a null client hash":     {object{"device": null{}}, "claim device is not 1 to 256 visible ASCII characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := a.Authenticate(t.Context(), edKey().token(claims(honest, c.change)))
			switch {
			case err == nil:
				t.Fatal("accepted")
			case !strings.Contains(err.Error(), c.want):
				t.Errorf("error is %q, want %q in it", err, c.want)
			case strings.Contains(err.Error(), secret):
				t.Errorf("error shows a value: %v", err)
			}
		})
	}
}
