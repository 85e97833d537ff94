package domain_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// countingVerifier counts what it is asked.
type countingVerifier struct {
	verifier

	asked int
}

func (c *countingVerifier) Verify(secret domain.Secret, digest domain.Digest) bool {
	c.asked++
	return c.verifier.Verify(secret, digest)
}

func TestAuthorize_VerifiesWhereThereIsNothingToProve(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	for name, change := range map[string]func(*domain.Snapshot){
		"a key without a secret":             func(s *domain.Snapshot) { s.Secrets = nil },
		"a key whose secret is proven":       func(*domain.Snapshot) {},
		"a key whose every secret has ended": func(s *domain.Snapshot) { s.Secrets[0].ValidUntil = now },
		"a key that was deleted":             func(s *domain.Snapshot) { s.DeletedAt = now.Add(-time.Hour) },
		"a key of another secret":            func(s *domain.Snapshot) { s.Secrets[0].Digest = digestOf(secretBeside(t, secret)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, secret)
			change(&s)
			counting := &countingVerifier{}
			domain.Rehydrate(s).Grant().Authorize(domain.Check{Secret: secret, Addr: inside}, counting, now)
			if counting.asked != 1 {
				t.Errorf("%d verifications, want 1", counting.asked)
			}
		})
	}
}
