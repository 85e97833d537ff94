package domain_test

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

// verifier expects a digest to be the SHA-256 of its secret.
type verifier struct{}

func (verifier) Verify(secret domain.Secret, digest domain.Digest) bool {
	return digestOf(secret) == digest
}

func digestOf(secret domain.Secret) domain.Digest {
	return domain.Digest{Algorithm: "test", Sum: sha256.Sum256([]byte(secret.Reveal()))}
}

// credulous accepts every secret.
type credulous struct{}

func (credulous) Verify(domain.Secret, domain.Digest) bool { return true }

var (
	inside  = netip.MustParseAddr("192.168.1.7")
	outside = netip.MustParseAddr("203.0.113.9")
)

func snapshot(t fataler, secret domain.Secret) domain.Snapshot {
	t.Helper()
	return domain.Snapshot{
		ID:          secret.KeyID(),
		Workspace:   "ws-1",
		Mode:        domain.ModeLive,
		Scopes:      newScopes(t, "payment:read"),
		IPWhitelist: newWhitelist(t, "192.168.1.0/24"),
		Secrets:     []domain.StoredSecret{{Digest: digestOf(secret)}},
		ExpiresAt:   now.Add(time.Hour).Truncate(time.Microsecond),
	}
}

// otherSecretOf returns another well-formed secret with the key ID of secret.
func otherSecretOf(t fataler, secret domain.Secret) domain.Secret {
	t.Helper()
	other, err := domain.ParseSecret(withChecksum(string(secret.KeyID()) + newSecret(t, 99, domain.ModeLive).Reveal()[24:67]))
	if err != nil {
		t.Fatalf("another secret: %v", err)
	}
	return other
}

func TestAuthorize_ReturnsTheFirstFailure(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	wrong := otherSecretOf(t, secret)
	// In the order of the checks. Each bit of combination adds one failure.
	failures := []struct {
		verdict domain.Verdict
		make    func(*domain.Snapshot, *domain.Check)
	}{
		{domain.VerdictNotFound, func(_ *domain.Snapshot, c *domain.Check) { c.Secret = wrong }},
		{domain.VerdictNotFound, func(s *domain.Snapshot, _ *domain.Check) { s.DeletedAt = now.Add(-time.Hour) }},
		{domain.VerdictDisabled, func(s *domain.Snapshot, _ *domain.Check) { s.Disabled = true }},
		{domain.VerdictExpired, func(s *domain.Snapshot, _ *domain.Check) { s.ExpiresAt = now.Truncate(time.Microsecond) }},
		{domain.VerdictIPNotAllowed, func(_ *domain.Snapshot, c *domain.Check) { c.Addr = outside }},
		{domain.VerdictInsufficientScope, func(_ *domain.Snapshot, c *domain.Check) { c.Scopes = []domain.Scope{"payment:void"} }},
	}
	for combination := range 1 << len(failures) {
		s := snapshot(t, secret)
		check := domain.Check{Secret: secret, Scopes: []domain.Scope{"payment:read"}, Addr: inside}
		want := domain.VerdictOK
		for i, f := range failures {
			if combination>>i&1 == 0 {
				continue
			}
			f.make(&s, &check)
			if want == domain.VerdictOK {
				want = f.verdict
			}
		}
		t.Run(fmt.Sprintf("%06b is %s", combination, want), func(t *testing.T) {
			t.Parallel()
			got := domain.Rehydrate(s).Authorize(check, verifier{}, now)
			identity := domain.Identity{KeyID: s.ID, Workspace: "ws-1", Mode: domain.ModeLive, Scopes: s.Scopes, ExpiresAt: s.ExpiresAt}
			if want == domain.VerdictNotFound {
				identity = domain.Identity{}
			}
			if diff := cmp.Diff(domain.Decision{Verdict: want, Key: identity}, got, sameValues); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Allowed() != (combination == 0) {
				t.Errorf("allowed: %v", got.Allowed())
			}
		})
	}
}

func TestAuthorize_RevealsNothingWithoutTheSecret(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	for name, tc := range map[string]struct {
		presented domain.Secret
		verifier  domain.SecretVerifier
	}{
		"no secret":                   {domain.Secret{}, verifier{}},
		"no secret, any verified":     {domain.Secret{}, credulous{}},
		"another secret of the key":   {otherSecretOf(t, secret), verifier{}},
		"the secret of another key":   {newSecret(t, 2, domain.ModeLive), verifier{}},
		"another key's, any verified": {newSecret(t, 2, domain.ModeLive), credulous{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := domain.Rehydrate(snapshot(t, secret))
			got := key.Authorize(domain.Check{Secret: tc.presented, Addr: inside}, tc.verifier, now)
			if diff := cmp.Diff(domain.NotFound(), got, sameValues); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuthorize_AcceptsARotatedSecretUntilGraceEnds(t *testing.T) {
	t.Parallel()
	fresh := newSecret(t, 1, domain.ModeLive)
	old := otherSecretOf(t, fresh)
	s := snapshot(t, fresh)
	s.Secrets = append(s.Secrets, domain.StoredSecret{Digest: digestOf(old), ValidUntil: now.Truncate(time.Microsecond)})
	key := domain.Rehydrate(s)
	for name, tc := range map[string]struct {
		secret domain.Secret
		at     time.Time
		want   domain.Verdict
	}{
		"the old one before grace ends": {old, now.Add(-time.Microsecond), domain.VerdictOK},
		"the old one when grace ends":   {old, now, domain.VerdictNotFound},
		"the new one before grace ends": {fresh, now.Add(-1), domain.VerdictOK},
		"the new one after grace ends":  {fresh, now.Add(1), domain.VerdictOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := key.Authorize(domain.Check{Secret: tc.secret, Addr: inside}, verifier{}, tc.at)
			if got.Verdict != tc.want {
				t.Errorf("got %s, want %s", got.Verdict, tc.want)
			}
		})
	}
}

func TestAuthorize_NeverAllowsAKeyWithoutScopes(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	rapid.Check(t, func(t *rapid.T) {
		s := snapshot(t, secret)
		s.Scopes = domain.ScopeSet{}
		s.Disabled = rapid.Bool().Draw(t, "disabled")
		check := domain.Check{
			Secret: rapid.SampledFrom([]domain.Secret{secret, otherSecretOf(t, secret), {}}).Draw(t, "secret"),
			Scopes: rapid.SliceOfN(scopes(), 0, 4).Draw(t, "wanted"),
			Addr:   rapid.SampledFrom([]netip.Addr{{}, inside, outside}).Draw(t, "addr"),
		}
		if got := domain.Rehydrate(s).Authorize(check, credulous{}, now); got.Allowed() {
			t.Fatalf("allowed %q", check.Scopes)
		}
	})
}

func TestAuthorize_ChecksTheAddress(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	for name, tc := range map[string]struct {
		list domain.IPWhitelist
		addr netip.Addr
		want domain.Verdict
	}{
		"an unknown address without a restriction": {domain.IPWhitelist{}, netip.Addr{}, domain.VerdictOK},
		"any address without a restriction":        {domain.IPWhitelist{}, outside, domain.VerdictOK},
		"an unknown address with a restriction":    {newWhitelist(t, "192.168.1.0/24"), netip.Addr{}, domain.VerdictIPNotAllowed},
		"a listed address, IPv4-mapped":            {newWhitelist(t, "192.168.1.0/24"), netip.MustParseAddr("::ffff:192.168.1.7"), domain.VerdictOK},
		"an unreadable list":                       {domain.UnreadableIPWhitelist(), inside, domain.VerdictIPNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, secret)
			s.IPWhitelist = tc.list
			if got := domain.Rehydrate(s).Authorize(domain.Check{Secret: secret, Addr: tc.addr}, verifier{}, now); got.Verdict != tc.want {
				t.Errorf("got %s, want %s", got.Verdict, tc.want)
			}
		})
	}
}
