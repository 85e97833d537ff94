package domain_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// rehasher computes digests with a pepper named "new".
type rehasher struct{}

func (rehasher) Hash(secret domain.Secret) domain.Digest {
	digest := digestOf(secret)
	digest.PepperID = "new"
	return digest
}

func (rehasher) Verify(secret domain.Secret, digest domain.Digest) bool {
	digest.PepperID = ""
	return verifier{}.Verify(secret, digest)
}

func (r rehasher) Lookups(secret domain.Secret) []domain.Digest {
	return []domain.Digest{r.Hash(secret)}
}

func (rehasher) Outdated(digest domain.Digest) bool { return digest.PepperID != "new" }

func TestRehash_ReplacesTheProvenDigest(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	other := otherSecretOf(t, secret)
	ended := domain.StoredSecret{Digest: digestOf(other), ValidUntil: now.Add(-time.Hour)}
	for name, tc := range map[string]struct {
		stored []domain.StoredSecret
		proven int
		want   bool
	}{
		"an outdated one":                      {[]domain.StoredSecret{{Digest: digestOf(secret)}}, 0, true},
		"an outdated one after a current one":  {[]domain.StoredSecret{{Digest: rehasher{}.Hash(other)}, {Digest: digestOf(secret)}}, 1, true},
		"an outdated one after another":        {[]domain.StoredSecret{{Digest: digestOf(other)}, {Digest: digestOf(secret)}}, 1, true},
		"a current one":                        {[]domain.StoredSecret{{Digest: rehasher{}.Hash(secret)}}, 0, false},
		"a current one before an outdated one": {[]domain.StoredSecret{{Digest: rehasher{}.Hash(secret)}, {Digest: digestOf(other)}}, 0, false},
		"a current one after an ended one":     {[]domain.StoredSecret{ended, {Digest: rehasher{}.Hash(secret)}}, 1, false},
		"none, another one is outdated":        {[]domain.StoredSecret{{Digest: digestOf(other)}}, -1, false},
		"none, its own has ended":              {[]domain.StoredSecret{{Digest: digestOf(secret), ValidUntil: now}}, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, secret)
			s.Secrets = tc.stored
			grant := domain.Rehydrate(s).Grant()
			_, proven := grant.AuthorizeSecret(domain.Check{Secret: secret, Addr: inside}, rehasher{}, now)
			if proven != tc.proven {
				t.Fatalf("secret %d is proven, want %d", proven, tc.proven)
			}
			if proven < 0 {
				return
			}
			got, ok := grant.Rehash(proven, secret, rehasher{})
			want := domain.Rehash{}
			if tc.want {
				want = domain.Rehash{KeyID: secret.KeyID(), Old: digestOf(secret), New: rehasher{}.Hash(secret)}
			}
			if ok != tc.want || got != want {
				t.Errorf("got a replacement: %v, as expected: %v", ok, got == want)
			}
		})
	}
}
