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

func TestAuthenticate_TriesEveryKeyThatATokenMayMean(t *testing.T) {
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
		"a stranger under a kid of two keys":                {keySet(first.public(), second.public()), other.named("ed").token(claims()), false},
		"a kid, where the only key has none":                {keySet(first.public(unnamed)), first.token(claims()), true},
		"a kid, where no key has one":                       {keySet(first.public(unnamed), second.public(unnamed)), second.token(claims()), true},
		"a kid, where another key has none":                 {keySet(first.public(unnamed), other.public()), first.token(claims()), true},
		"the kid of a key, signed by one that has none":     {keySet(first.public(unnamed), other.public()), first.named("other").token(claims()), true},
		"a stranger, where the only key has no kid":         {keySet(first.public(unnamed)), other.token(claims()), false},
		"no kid, where no key has one":                      {keySet(first.public(unnamed), second.public(unnamed)), bare(second), true},
		"no kid, where several kinds of keys have none":     {keySet(ecKey().public(unnamed), rsaKey().public(unnamed)), bare(rsaKey()), true},
		"no kid, signed by the one key that has none":       {keySet(first.public(unnamed), other.public()), bare(first), true},
		"no kid, signed by a key that has one":              {keySet(first.public(unnamed), other.public()), bare(other), false},
		"the kid of another key":                            {keySet(first.public(), other.public()), first.named("other").token(claims()), false},
		"another kid than that of the only key":             {keySet(first.public()), first.named("other").token(claims()), false},
		"a key without kid that is for another algorithm":   {keySet(rsaKey().public(unnamed)), rsaKey().as(jwa.PS256).token(claims()), false},
		"a key without kid whose algorithm is not set":      {keySet(rsaKey().public(unnamed, object{"alg": nil})), rsaKey().as(jwa.PS256).token(claims()), true},
		"two RSA keys with one kid, for one algorithm each": {keySet(rsaKey().public(), strangerKey().as(jwa.PS256).named("rsa").public()), strangerKey().as(jwa.PS256).named("rsa").token(claims()), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := trusting(t, c.set)
			if c.accepted {
				wantAccepted(t, a, c.token)
			} else {
				wantRefused(t, a, c.token)
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
			wantRefused(t, a, keys[8].token(claims()))
			if log.count("key 8 ") != 1 || log.count("key 7 ") != 0 {
				t.Errorf("the log does not say that key 8 alone was skipped:\n%s", log)
			}
		})
	}
}

// A key that is replaced under its kid leaves tokens whose signature no known
// key fits; they cause a look-up as an unknown kid does.
func TestAuthenticate_FollowsAKeyThatWasReplacedUnderItsKid(t *testing.T) {
	t.Parallel()
	for name, successor := range map[string]signingKey{
		"by one of its kind":      {"k", jwa.EdDSA, newEd()},
		"by one of another kind":  rsaKey().named("k"),
		"and has no kid any more": {"", jwa.EdDSA, newEd()},
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
			wantRefused(t, a, old.token(claims()))
			if n := server.hits.Load(); n != 2 {
				t.Errorf("the keys were fetched %d times, want 2", n)
			}
		})
	}
}

func TestAuthenticate_FollowsAFileWhoseKeyWasReplacedUnderItsKid(t *testing.T) {
	t.Parallel()
	old, successor := edKey().named("k"), signingKey{"k", jwa.EdDSA, newEd()}
	path := keyFile(t, keySet(old.public()))
	a := start(t, config(fromFile(path)))
	if err := os.WriteFile(path, keySet(successor.public()), 0o600); err != nil {
		t.Fatal(err)
	}
	wantAccepted(t, a, successor.token(claims()))
	wantRefused(t, a, old.token(claims()))
}

func TestAuthenticate_LooksUpKeysForWrongSignaturesOnceAMinute(t *testing.T) {
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
		wantRefused(t, a, forged)
	}
	if n := server.hits.Load(); n != 2 {
		t.Errorf("the keys were fetched %d times, want 2", n)
	}
	clock.advance(time.Minute)
	wantRefused(t, a, zeroSigned(ecKey(), 64))
	wantRefused(t, a, zeroSigned(ecKey(), 64))
	if n := server.hits.Load(); n != 3 {
		t.Errorf("the keys were fetched %d times, want 3", n)
	}
}

// While the issuer hangs, nobody waits but those whose tokens no known key fits.
func TestAuthenticate_JudgesKnownKeysDuringALookUp(t *testing.T) {
	t.Parallel()
	server := serveKeys(t, keySet(ecKey().public()))
	a := start(t, config(fromURL(server.URL)))
	asked, answer := make(chan struct{}), make(chan struct{})
	server.handle(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-answer
	})
	stranger := make(chan struct{})
	go func() {
		defer close(stranger)
		wantRefused(t, a, strangerKey().token(claims()))
	}()
	<-asked
	wantAccepted(t, a, ecKey().token(claims()))
	wantRefused(t, a, ecKey().token(claims(object{"exp": 1})))
	close(answer)
	<-stranger
}
