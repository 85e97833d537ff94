package domain_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// countingVerifier counts calls of Verify.
type countingVerifier struct {
	verifier

	calls int
}

func (c *countingVerifier) Verify(secret domain.Secret, digest domain.Digest) bool {
	c.calls++
	return c.verifier.Verify(secret, digest)
}

func TestAuthorize_VerifiesExactlyOnce(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	for name, change := range map[string]func(*domain.Snapshot){
		"a key without a secret":         func(s *domain.Snapshot) { s.Secrets = nil },
		"a key whose secret is proven":   func(*domain.Snapshot) {},
		"a key whose secrets have ended": func(s *domain.Snapshot) { s.Secrets[0].ValidUntil = now },
		"a deleted key":                  func(s *domain.Snapshot) { s.DeletedAt = now.Add(-time.Hour) },
		"a key with another secret":      func(s *domain.Snapshot) { s.Secrets[0].Digest = digestOf(otherSecretOf(t, secret)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, secret)
			change(&s)
			counting := &countingVerifier{}
			domain.Rehydrate(s).Grant().Authorize(domain.Check{Secret: secret, Addr: inside}, counting, now)
			if counting.calls != 1 {
				t.Errorf("%d verifications, want 1", counting.calls)
			}
		})
	}
}
