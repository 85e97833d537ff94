package portstest

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunSecretHasher holds an adapter to the promises of [ports.SecretHasher].
// Every call of open returns a hasher that holds the same peppers.
func RunSecretHasher(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	t.Helper()
	cases := []struct {
		name string
		test func(t *testing.T, open func(t testing.TB) ports.SecretHasher)
	}{
		{"a digest proves the secret it was made of", provesItsSecret},
		{"a digest proves its secret to another hasher with the same peppers", provesToAnother},
		{"a digest proves no other secret", provesNoOther},
		{"a digest changed in any byte proves nothing", noticesChanges},
		{"a digest of an unknown algorithm or pepper proves nothing", refusesUnknown},
		{"the zero secret is proven by nothing", refusesZeroSecret},
		{"a digest is outdated when it was made in another way than new ones are", tellsOutdated},
		{"a digest does not hold the secret", holdsNoSecret},
		{"many goroutines may hash and verify at once", isConcurrent},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open)
		})
	}
}

func provesItsSecret(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	for _, mode := range []domain.Mode{domain.ModeLive, domain.ModeTest} {
		secret := randomSecret(t, mode)
		digest := hasher.Hash(secret)
		if digest.Algorithm == "" || digest.PepperID == "" {
			t.Error("digest does not say how it was made")
		}
		if !hasher.Verify(secret, digest) {
			t.Errorf("%v secret is not proven by its own digest", mode)
		}
	}
}

func provesToAnother(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	secret := randomSecret(t, domain.ModeLive)
	if !open(t).Verify(secret, open(t).Hash(secret)) {
		t.Error("a digest does not outlive the hasher that made it")
	}
}

func provesNoOther(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	secret, other := randomSecret(t, domain.ModeLive), randomSecret(t, domain.ModeLive)
	if hasher.Verify(other, hasher.Hash(secret)) {
		t.Error("another secret is proven")
	}
}

func noticesChanges(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	secret := randomSecret(t, domain.ModeLive)
	digest := hasher.Hash(secret)
	for i := range digest.Sum {
		changed := digest
		changed.Sum[i] ^= 1
		if hasher.Verify(secret, changed) {
			t.Errorf("a change of byte %d goes unnoticed", i)
		}
	}
}

func refusesUnknown(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	secret := randomSecret(t, domain.ModeLive)
	for name, digest := range madeOtherwise(hasher.Hash(secret)) {
		if hasher.Verify(secret, digest) {
			t.Errorf("%s: proven", name)
		}
	}
}

func tellsOutdated(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	current := hasher.Hash(randomSecret(t, domain.ModeLive))
	if hasher.Outdated(current) {
		t.Error("a digest is outdated that was just made")
	}
	for name, digest := range madeOtherwise(current) {
		if !hasher.Outdated(digest) {
			t.Errorf("%s: not outdated", name)
		}
	}
}

// madeOtherwise returns digest as if it had been made in ways unknown.
func madeOtherwise(digest domain.Digest) map[string]domain.Digest {
	all := map[string]domain.Digest{}
	for name, change := range map[string]func(*domain.Digest){
		"another algorithm": func(d *domain.Digest) { d.Algorithm += "-other" },
		"no algorithm":      func(d *domain.Digest) { d.Algorithm = "" },
		"another pepper":    func(d *domain.Digest) { d.PepperID += "-other" },
		"no pepper":         func(d *domain.Digest) { d.PepperID = "" },
	} {
		changed := digest
		change(&changed)
		all[name] = changed
	}
	return all
}

func refusesZeroSecret(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	var zero domain.Secret
	for name, digest := range map[string]domain.Digest{
		"the zero digest":           {},
		"a digest of a secret":      hasher.Hash(randomSecret(t, domain.ModeLive)),
		"the digest of zero itself": hasher.Hash(zero),
	} {
		if hasher.Verify(zero, digest) {
			t.Errorf("%s proves the zero secret", name)
		}
	}
}

func holdsNoSecret(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	secret := randomSecret(t, domain.ModeLive)
	digest := open(t).Hash(secret)
	if strings.Contains(secret.Reveal(), string(digest.Sum[:])) {
		t.Error("the digest is a part of the secret")
	}
}

func isConcurrent(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	var wg sync.WaitGroup
	for range 8 {
		secret, other := randomSecret(t, domain.ModeLive), randomSecret(t, domain.ModeTest)
		wg.Go(func() {
			for range 100 {
				digest := hasher.Hash(secret)
				if !hasher.Verify(secret, digest) || hasher.Verify(other, digest) {
					t.Error("wrong answer while others ask")
					return
				}
			}
		})
	}
	wg.Wait()
}

func randomSecret(t *testing.T, mode domain.Mode) domain.Secret {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, mode)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}
