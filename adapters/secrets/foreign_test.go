package secrets_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

const foreignText = "12|acme_Yj3p_0123456789abcdefghijklmn"

func foreignSecret(t *testing.T, text string) domain.Secret {
	t.Helper()
	secret, err := domain.ParseForeignSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestHasher_VerifiesTheDigestsOfOtherSystems(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, "a:"+encoded('x', 32))
	secret := foreignSecret(t, foreignText)
	long := sha512.Sum512([]byte(foreignText))
	for algorithm, sum := range map[domain.Algorithm][32]byte{
		domain.AlgorithmSHA256:                sha256.Sum256([]byte(foreignText)),
		domain.AlgorithmSHA256AfterBar:        sha256.Sum256([]byte("acme_Yj3p_0123456789abcdefghijklmn")),
		domain.AlgorithmSHA256AfterUnderscore: sha256.Sum256([]byte("0123456789abcdefghijklmn")),
		domain.AlgorithmSHA512Half:            [32]byte(long[:32]),
	} {
		digest := domain.Digest{Algorithm: algorithm, Sum: sum}
		if !hasher.Verify(secret, digest) || !hasher.Outdated(digest) || !slices.Contains(hasher.Lookups(secret), digest) {
			t.Errorf("%s: verified %v, outdated %v, looked up %v, want true", algorithm,
				hasher.Verify(secret, digest), hasher.Outdated(digest), slices.Contains(hasher.Lookups(secret), digest))
		}
		for name, other := range map[string]domain.Digest{
			"with a pepper":     {Algorithm: algorithm, PepperID: "a", Sum: sum},
			"another digest":    {Algorithm: algorithm, Sum: sha256.Sum256(sum[:])},
			"another algorithm": {Algorithm: "sha256-other", Sum: sum},
			"as one of ours":    {Algorithm: domain.AlgorithmHMACSHA256, PepperID: "a", Sum: sum},
		} {
			if hasher.Verify(secret, other) {
				t.Errorf("%s, %s: verified", algorithm, name)
			}
		}
		if stored := foreignSecret(t, hex.EncodeToString(sum[:])); hasher.Verify(stored, digest) {
			t.Errorf("%s: the stored digest is verified as a secret", algorithm)
		}
	}
}

func TestHasher_HashesForeignSecretsUnderThePepper(t *testing.T) {
	t.Parallel()
	a, b := "a:"+encoded('x', 32), "b:"+encoded('y', 32)
	old, hasher := newHasher(t, a), newHasher(t, b+","+a)
	secret := foreignSecret(t, foreignText)
	was, is := old.Hash(secret), hasher.Hash(secret)
	if is.Algorithm != domain.AlgorithmForeignHMAC || is.PepperID != "b" || hasher.Outdated(is) || !hasher.Outdated(was) {
		t.Errorf("the digest is %s under %q, outdated: %v", is.Algorithm, is.PepperID, hasher.Outdated(is))
	}
	for _, digest := range []domain.Digest{was, is} {
		if !hasher.Verify(secret, digest) || !slices.Contains(hasher.Lookups(secret), digest) {
			t.Errorf("a digest under %q is not found or not verified", digest.PepperID)
		}
		if hasher.Verify(foreignSecret(t, foreignText+"x"), digest) {
			t.Errorf("a digest under %q verifies another secret", digest.PepperID)
		}
		digest.Algorithm = domain.AlgorithmHMACSHA256
		if hasher.Verify(secret, digest) {
			t.Error("a foreign secret is verified as one of ours")
		}
	}
	if got := hasher.Lookups(secret)[0]; got != is {
		t.Errorf("the first look-up is by %s under %q, want the digest of Hash", got.Algorithm, got.PepperID)
	}
	for _, digest := range newHasher(t, a).Lookups(foreignSecret(t, "0123456789abcdefghijklmn")) {
		if digest.Algorithm == domain.AlgorithmSHA256AfterBar || digest.Algorithm == domain.AlgorithmSHA256AfterUnderscore {
			t.Errorf("looked up by %s", digest.Algorithm)
		}
	}
}
