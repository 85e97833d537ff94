package jwtauth_test

import (
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
)

// unnamed removes the kid from an entry of a key set.
var unnamed = object{"kid": nil}

func TestAuthenticate_TriesEveryCandidateKey(t *testing.T) {
	t.Parallel()
	first, second := edKey(), signingKey{"ed", jwa.EdDSA, newEd()}
	other := signingKey{"other", jwa.EdDSA, newEd()}
	bare := func(k signingKey) string { return k.sign(object{"alg": k.algorithm}, claims()) }
	for name, c := range map[string]struct {
		set      []byte
		token    string
		accepted bool
	}{
		"the first of two keys with one kid":                {keySet(first.public(), second.public()), first.token(claims()), true},
		"the second of two keys with one kid":               {keySet(first.public(), second.public()), second.token(claims()), true},
		"a stranger with the kid of two keys":               {keySet(first.public(), second.public()), other.named("ed").token(claims()), false},
		"a kid, but the only key has none":                  {keySet(first.public(unnamed)), first.token(claims()), true},
		"a kid, but no key has one":                         {keySet(first.public(unnamed), second.public(unnamed)), second.token(claims()), true},
		"a kid, and another key without kid":                {keySet(first.public(unnamed), other.public()), first.token(claims()), true},
		"the kid of another key, signed by a key without":   {keySet(first.public(unnamed), other.public()), first.named("other").token(claims()), true},
		"a stranger, and the only key has no kid":           {keySet(first.public(unnamed)), other.token(claims()), false},
		"no kid, and no key has one":                        {keySet(first.public(unnamed), second.public(unnamed)), bare(second), true},
		"no kid, and keys of several types without":         {keySet(ecKey().public(unnamed), rsaKey().public(unnamed)), bare(rsaKey()), true},
		"no kid, signed by the one key without":             {keySet(first.public(unnamed), other.public()), bare(first), true},
		"no kid, signed by a key with kid":                  {keySet(first.public(unnamed), other.public()), bare(other), false},
		"the kid of another key":                            {keySet(first.public(), other.public()), first.named("other").token(claims()), false},
		"another kid than that of the only key":             {keySet(first.public()), first.named("other").token(claims()), false},
		"a key without kid for another algorithm":           {keySet(rsaKey().public(unnamed)), rsaKey().as(jwa.PS256).token(claims()), false},
		"a key without kid and without algorithm":           {keySet(rsaKey().public(unnamed, object{"alg": nil})), rsaKey().as(jwa.PS256).token(claims()), true},
		"two RSA keys with one kid, for one algorithm each": {keySet(rsaKey().public(), strangerKey().as(jwa.PS256).named("rsa").public()), strangerKey().as(jwa.PS256).named("rsa").token(claims()), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := trusting(t, c.set)
			if c.accepted {
				wantAccepted(t, a, c.token)
			} else {
				wantRejected(t, a, c.token)
			}
		})
	}
}

func TestAuthenticate_TriesABoundedNumberOfKeys(t *testing.T) {
	t.Parallel()
	keys := make([]signingKey, 9)
	for i := range keys {
		keys[i] = signingKey{"k", jwa.EdDSA, newEd()}
	}
	entries := func(changes ...object) []object {
		public := make([]object, len(keys))
		for i, k := range keys {
			public[i] = k.public(changes...)
		}
		return public
	}
	for name, set := range map[string][]byte{
		"with one kid": keySet(entries()...),
		"without kid":  keySet(entries(unnamed)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, log := logged(t, set)
			for _, k := range keys[:8] {
				wantAccepted(t, a, k.token(claims()))
			}
			wantRejected(t, a, keys[8].token(claims()))
			if log.Count("key 8 ") != 1 || log.Count("key 7 ") != 0 {
				t.Errorf("the log does not report exactly key 8 as skipped:\n%s", log)
			}
		})
	}
}

// After a key is replaced under the same kid, no known key fits the signatures of
// new tokens. They cause a look-up, as an unknown kid does.
func TestAuthenticate_FollowsAKeyReplacedUnderItsKid(t *testing.T) {
	t.Parallel()
	for name, successor := range map[string]signingKey{
		"by a key of its type":     {"k", jwa.EdDSA, newEd()},
		"by a key of another type": rsaKey().named("k"),
		"by a key without kid":     {"", jwa.EdDSA, newEd()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := edKey().named("k")
			server := serveKeys(t, keySet(old.public()))
			a := start(t, config(fromURL(server.URL)))
			wantAccepted(t, a, old.token(claims()))
			if successor.id == "" {
				server.serve(keySet(successor.public(unnamed)))
			} else {
				server.serve(keySet(successor.public()))
			}
			wantAccepted(t, a, successor.named("k").token(claims()))
			wantRejected(t, a, old.token(claims()))
			wantFetches(t, server, 2)
		})
	}
}

func TestAuthenticate_FollowsAKeyReplacedInItsFile(t *testing.T) {
	t.Parallel()
	old, successor := edKey().named("k"), signingKey{"k", jwa.EdDSA, newEd()}
	path := keyFile(t, keySet(old.public()))
	a := start(t, config(fromFile(path)))
	if err := os.WriteFile(path, keySet(successor.public()), 0o600); err != nil {
		t.Fatal(err)
	}
	wantAccepted(t, a, successor.token(claims()))
	wantRejected(t, a, old.token(claims()))
}

func TestAuthenticate_LooksUpKeysForWrongSignaturesOncePerMinute(t *testing.T) {
	t.Parallel()
	clock := &clock{at: now}
	server := serveKeys(t, keySet(ecKey().public()))
	a := start(t, config(fromURL(server.URL), onClock(clock)))
	for _, forged := range slices.Repeat([]string{
		zeroSigned(ecKey(), 64),                       // a wrong signature
		rsaKey().named("ec").token(claims()),          // an algorithm that is not the key's
		strangerKey().token(claims()),                 // an unknown kid
		ecKey().sign(object{"alg": "none"}, claims()), // no algorithm at all
	}, 5) {
		wantRejected(t, a, forged)
	}
	wantFetches(t, server, 2)
	clock.advance(time.Minute)
	wantRejected(t, a, zeroSigned(ecKey(), 64))
	wantRejected(t, a, zeroSigned(ecKey(), 64))
	wantFetches(t, server, 3)
}

// While the issuer hangs, only tokens that no known key has signed wait.
func TestAuthenticate_VerifiesTokensOfKnownKeysDuringALookUp(t *testing.T) {
	t.Parallel()
	server := serveKeys(t, keySet(ecKey().public()))
	a := start(t, config(fromURL(server.URL)))
	requested, respond := make(chan struct{}), make(chan struct{})
	server.handle(func(http.ResponseWriter, *http.Request) {
		close(requested)
		<-respond
	})
	stranger := make(chan struct{})
	go func() {
		defer close(stranger)
		wantRejected(t, a, strangerKey().token(claims()))
	}()
	<-requested
	wantAccepted(t, a, ecKey().token(claims()))
	wantRejected(t, a, ecKey().token(claims(object{"exp": 1})))
	close(respond)
	<-stranger
}
