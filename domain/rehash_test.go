package domain_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// rehasher makes digests under a pepper that it calls new.
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

func (rehasher) Outdated(digest domain.Digest) bool { return digest.PepperID != "new" }

func TestRehash_ReplacesTheDigestThatWasProven(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	other := secretBeside(t, secret)
	ended := domain.StoredSecret{Digest: digestOf(other), ValidUntil: now.Add(-time.Hour)}
	for name, tc := range map[string]struct {
		stored []domain.StoredSecret
		want   bool
	}{
		"an outdated one":                         {[]domain.StoredSecret{{Digest: digestOf(secret)}}, true},
		"an outdated one beside a current one":    {[]domain.StoredSecret{{Digest: rehasher{}.Hash(other)}, {Digest: digestOf(secret)}}, true},
		"a current one":                           {[]domain.StoredSecret{{Digest: rehasher{}.Hash(secret)}}, false},
		"a current one beside an outdated one":    {[]domain.StoredSecret{{Digest: rehasher{}.Hash(secret)}, {Digest: digestOf(other)}}, false},
		"a current one beside one that has ended": {[]domain.StoredSecret{{Digest: rehasher{}.Hash(secret)}, ended}, false},
		"none, where another's is outdated":       {[]domain.StoredSecret{{Digest: digestOf(other)}}, false},
		"none, where its own has ended":           {[]domain.StoredSecret{{Digest: digestOf(secret), ValidUntil: now}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, secret)
			s.Secrets = tc.stored
			got, ok := domain.Rehydrate(s).Grant().Rehash(secret, rehasher{}, now)
			want := domain.Rehash{}
			if tc.want {
				want = domain.Rehash{KeyID: secret.KeyID(), Old: digestOf(secret), New: rehasher{}.Hash(secret)}
			}
			if ok != tc.want || got != want {
				t.Errorf("a replacement: %v, the expected one: %v", ok, got == want)
			}
		})
	}
}
