package jwttest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
)

func TestIssuer_IssuesTokensThatItsAuthenticatorAccepts(t *testing.T) {
	t.Parallel()
	for name, newIssuer := range map[string]func(testing.TB) *jwttest.Issuer{
		"ES256": jwttest.NewIssuer,
		"EdDSA": jwttest.NewEd25519Issuer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := newIssuer(t)
			issuer.SetClock(func() time.Time { return time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC) })
			token := issuer.Token(t, jwttest.Claims{
				Account:    "acc_1",
				Portal:     "PARTNER",
				Workspaces: map[string]string{"ws_1": "OWNER"},
				ClientHash: "device",
			})
			got, err := issuer.Authenticator(t).Authenticate(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			want := domain.Actor{
				AccountID:  "acc_1",
				Portal:     domain.PortalPartner,
				Roles:      map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner},
				ClientHash: "device",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("actor (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIssuer_HasItsOwnKey(t *testing.T) {
	t.Parallel()
	token := jwttest.NewIssuer(t).Token(t, jwttest.Claims{Account: "acc_1", Portal: "PARTNER"})
	_, err := jwttest.NewIssuer(t).Authenticator(t).Authenticate(t.Context(), token)
	if !errors.Is(err, domain.ErrInvalidToken) {
		t.Errorf("got %v, want the token of another issuer rejected", err)
	}
}
