package application_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// createdIn creates a key in keys and returns its secret.
func createdIn(t *testing.T, keys *memory.KeyRepository, s domain.KeySpec) domain.Secret {
	t.Helper()
	created, err := open(t, keys, domain.PortalPartner).CreateKey(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return created.Secret
}

// forged returns well-formed secrets that were never issued: one of an existing
// key, and one of a key that does not exist.
func forged(t *testing.T, id domain.KeyID) (ofKey, ofNone domain.Secret) {
	t.Helper()
	source := random()
	for range 3 { // past the secret of createdIn
		var err error
		if ofNone, err = domain.NewSecret(source, domain.ModeLive); err != nil {
			t.Fatal(err)
		}
	}
	// A reader that yields the digits of the ID, then others.
	ofKey, err := domain.NewSecret(digitsReader(string(id)[len("sk_live_"):]+"0123456789"), domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	if ofKey.KeyID() != id || ofNone.KeyID() == id {
		t.Fatalf("forged %s and %s for %s", ofKey.KeyID(), ofNone.KeyID(), id)
	}
	return ofKey, ofNone
}

// digitsReader yields the bytes for these base62 digits, then zeros.
type digitsReader string

func (r digitsReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 0
		if i < len(r) {
			p[i] = digitValue(r[i])
		}
	}
	return len(p), nil
}

func digitValue(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'Z':
		return c - 'A' + 10
	}
	return c - 'a' + 36
}

func TestAuthorize_ReturnsTheDecisionOfTheKey(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, spec())
	wrong, unknown := forged(t, secret.KeyID())
	for name, tc := range map[string]struct {
		check domain.Check
		at    time.Time
		want  domain.Verdict
	}{
		"the right secret":          {domain.Check{Secret: secret, Addr: inside, Scopes: []domain.Scope{"payment:read"}}, now, domain.VerdictOK},
		"no scope requested":        {domain.Check{Secret: secret, Addr: inside}, now, domain.VerdictOK},
		"a scope it lacks":          {domain.Check{Secret: secret, Addr: inside, Scopes: []domain.Scope{"payment:void"}}, now, domain.VerdictInsufficientScope},
		"an address not listed":     {domain.Check{Secret: secret, Addr: netip.MustParseAddr("203.0.113.9")}, now, domain.VerdictIPNotAllowed},
		"an unknown address":        {domain.Check{Secret: secret}, now, domain.VerdictIPNotAllowed},
		"after expiry":              {domain.Check{Secret: secret, Addr: inside}, now.Add(24 * time.Hour), domain.VerdictExpired},
		"a wrong secret of the key": {domain.Check{Secret: wrong, Addr: inside}, now, domain.VerdictNotFound},
		"an unknown key":            {domain.Check{Secret: unknown, Addr: inside}, now, domain.VerdictNotFound},
		"a malformed secret":        {domain.Check{Addr: inside}, now, domain.VerdictNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := func() time.Time { return tc.at }
			got, err := newAuthorize(keys, newHasher(t), at).Do(t.Context(), tc.check)
			if err != nil {
				t.Fatal(err)
			}
			if got.Verdict != tc.want || got.Allowed() != (tc.want == domain.VerdictOK) {
				t.Errorf("got %s, want %s", got.Verdict, tc.want)
			}
			if proven := got.Key.KeyID != ""; proven != (tc.want != domain.VerdictNotFound) {
				t.Errorf("identifies key %q", got.Key.KeyID)
			}
		})
	}
}

func TestAuthorize_NeverAllowsAKeyWithoutScopes(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, domain.KeySpec{Name: "No access"})
	for name, wanted := range map[string][]domain.Scope{
		"none requested": nil,
		"one requested":  {"payment:read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newAuthorize(keys, newHasher(t), clock).Do(t.Context(), domain.Check{Secret: secret, Scopes: wanted})
			if err != nil || got.Verdict != domain.VerdictInsufficientScope {
				t.Errorf("got %s, %v", got.Verdict, err)
			}
		})
	}
}

func TestAuthorize_DoesNotLookUpAMalformedSecret(t *testing.T) {
	t.Parallel()
	keys := &failingKeys{err: domain.ErrUnavailable}
	got, err := newAuthorize(keys, newHasher(t), clock).Do(t.Context(), domain.Check{})
	if err != nil || got.Verdict != domain.VerdictNotFound || keys.calls != 0 {
		t.Errorf("got %s, %v after %d look-ups", got.Verdict, err, keys.calls)
	}
}

func TestAuthorize_DeniesIfTheStoreFails(t *testing.T) {
	t.Parallel()
	_, secret := forged(t, createdIn(t, memory.NewKeyRepository(), spec()).KeyID())
	for name, want := range map[string]error{
		"the store is down":         fmt.Errorf("%w: connection refused", domain.ErrUnavailable),
		"the store fails otherwise": errors.New("disk full"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newAuthorize(&failingKeys{err: want}, newHasher(t), clock).Do(t.Context(), domain.Check{Secret: secret})
			if !errors.Is(err, want) || got.Allowed() || got.Key.KeyID != "" {
				t.Errorf("got %s, %v; want %v", got.Verdict, err, want)
			}
		})
	}
}

func TestAuthorize_RejectsASecretUnderAnotherPepper(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, domain.KeySpec{Name: "k", Scopes: []string{"payment:read"}})
	for pepper, want := range map[byte]domain.Verdict{'p': domain.VerdictOK, 'q': domain.VerdictNotFound} {
		got, err := newAuthorize(keys, hasherUnder(t, pepper), clock).Do(t.Context(), domain.Check{Secret: secret})
		if err != nil || got.Verdict != want {
			t.Errorf("pepper of %c: got %s, %v; want %s", pepper, got.Verdict, err, want)
		}
	}
}

// newAuthorize returns the use case with a repository that every check reads.
func newAuthorize(keys ports.KeyFinder, hasher ports.SecretHasher, now func() time.Time) *application.Authorize {
	return application.NewAuthorize(uncached{keys}, hasher, application.NewUsage(nil, hasher, clock, slog.New(slog.DiscardHandler)), nil, now, &application.Lifetime{})
}
