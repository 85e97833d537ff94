package jwtauth_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// FuzzAuthenticate_OnlyHonestTokens checks that only the tokens that the issuer
// signed are accepted, and nothing derived from them.
func FuzzAuthenticate_OnlyHonestTokens(f *testing.F) {
	keys := []signingKey{rsaKey(), ecKey(), edKey()}
	honest := map[string]bool{}
	for _, key := range keys {
		token := key.token(claims())
		honest[token] = true
		f.Add(token)
		f.Add(strings.ToLower(token))
		f.Add(key.sign(object{"alg": key.algorithm, "kid": key.id, "crit": []string{"x"}}, claims()))
	}
	f.Add(unsigned("none"))
	f.Add(hmacSigned(rsaKey(), pkix(rsaKey())))
	a := trusting(f, trustedSet())
	f.Fuzz(func(t *testing.T, token string) {
		_, err := a.Authenticate(t.Context(), token)
		if (err == nil) != honest[token] {
			t.Errorf("error is %v for a token that is honest: %t", err, honest[token])
		}
		if err != nil && !errors.Is(err, domain.ErrInvalidToken) {
			t.Errorf("error is %v, want an invalid token", err)
		}
	})
}

// FuzzAuthenticate_SignedGarbage checks that no signed header or payload causes a
// panic, and that every accepted actor has an account and a portal.
func FuzzAuthenticate_SignedGarbage(f *testing.F) {
	f.Add(marshal(edKey().header()), marshal(claims()))
	f.Add(marshal(edKey().header()), marshal(claims(object{"exp": 1e300, "aud": []any{1, nil}})))
	f.Add(marshal(edKey().header()), marshal(claims(object{"workspaces": object{"ws_1": []any{"VIEWER", "OWNER"}, "ws_2": []any{nil}}})))
	f.Add(marshal(edKey().header()), marshal(claims(object{"portal": nil, "aud": []any{audience}})))
	f.Add([]byte(`{"alg":"EdDSA","alg":"EdDSA"}`), []byte(`{"workspaces":{"a":{"b":[]}}}`))
	a := trusting(f, keySet(edKey().public()))
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		actor, err := a.Authenticate(t.Context(), edKey().signRaw(header, payload))
		switch {
		case err != nil && !errors.Is(err, domain.ErrInvalidToken):
			t.Errorf("error is %v, want an invalid token", err)
		case err == nil && (actor.AccountID == "" || actor.Portal == ""):
			t.Errorf("accepted without an account or portal: %+v", actor)
		case err == nil && isCritical(header):
			t.Error("a critical header is accepted")
		}
	})
}

func isCritical(header []byte) bool {
	var members object
	_ = json.Unmarshal(header, &members)
	_, found := members["crit"]
	return found
}
