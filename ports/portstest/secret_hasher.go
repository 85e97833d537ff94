package portstest

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunSecretHasher tests the promises of [ports.SecretHasher]. Every call of open
// returns a hasher with the same peppers.
func RunSecretHasher(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	t.Helper()
	cases := []struct {
		name string
		test func(t *testing.T, open func(t testing.TB) ports.SecretHasher)
	}{
		{"a digest verifies its secret", verifiesItsSecret},
		{"a digest verifies its secret with another hasher of the same peppers", verifiesWithAnotherHasher},
		{"a digest verifies no other secret", verifiesNoOther},
		{"a digest with any byte changed verifies nothing", noticesChanges},
		{"a digest with an unknown algorithm or pepper verifies nothing", rejectsUnknown},
		{"no digest verifies the zero secret", rejectsZeroSecret},
		{"a digest with another algorithm or pepper is outdated", reportsOutdated},
		{"a digest does not contain the secret", containsNoSecret},
		{"hashing and verifying are safe for concurrent use", isConcurrent},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open)
		})
	}
}

func verifiesItsSecret(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	for _, mode := range []domain.Mode{domain.ModeLive, domain.ModeTest} {
		secret := randomSecret(t, mode)
		digest := hasher.Hash(secret)
		if digest.Algorithm == "" || digest.PepperID == "" {
			t.Error("digest has no algorithm or pepper ID")
		}
		if !hasher.Verify(secret, digest) {
			t.Errorf("%v secret is not verified by its own digest", mode)
		}
	}
}

func verifiesWithAnotherHasher(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	secret := randomSecret(t, domain.ModeLive)
	if !open(t).Verify(secret, open(t).Hash(secret)) {
		t.Error("a digest is rejected by another hasher")
	}
}

func verifiesNoOther(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	secret, other := randomSecret(t, domain.ModeLive), randomSecret(t, domain.ModeLive)
	if hasher.Verify(other, hasher.Hash(secret)) {
		t.Error("another secret is verified")
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

func rejectsUnknown(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	secret := randomSecret(t, domain.ModeLive)
	for name, digest := range variantsOf(hasher.Hash(secret)) {
		if hasher.Verify(secret, digest) {
			t.Errorf("%s: verified", name)
		}
	}
}

func reportsOutdated(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	current := hasher.Hash(randomSecret(t, domain.ModeLive))
	if hasher.Outdated(current) {
		t.Error("a new digest is outdated")
	}
	for name, digest := range variantsOf(current) {
		if !hasher.Outdated(digest) {
			t.Errorf("%s: not outdated", name)
		}
	}
}

// variantsOf returns digest with other algorithms and peppers.
func variantsOf(digest domain.Digest) map[string]domain.Digest {
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

func rejectsZeroSecret(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	hasher := open(t)
	var zero domain.Secret
	for name, digest := range map[string]domain.Digest{
		"the zero digest":               {},
		"a digest of a secret":          hasher.Hash(randomSecret(t, domain.ModeLive)),
		"the digest of the zero secret": hasher.Hash(zero),
	} {
		if hasher.Verify(zero, digest) {
			t.Errorf("%s verifies the zero secret", name)
		}
	}
}

func containsNoSecret(t *testing.T, open func(t testing.TB) ports.SecretHasher) {
	secret := randomSecret(t, domain.ModeLive)
	digest := open(t).Hash(secret)
	if strings.Contains(secret.Reveal(), string(digest.Sum[:])) {
		t.Error("the digest is part of the secret")
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
					t.Error("wrong result under concurrency")
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
