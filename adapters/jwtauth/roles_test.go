package jwtauth_test

import (
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
)

func TestClaimRoles_PassesThePortSuite(t *testing.T) {
	t.Parallel()
	portstest.RunWorkspaceRoles(t, func(t testing.TB, roles map[domain.WorkspaceID]map[string]domain.Role) (ports.WorkspaceRoles, func(string) domain.Actor) {
		issuer := jwttest.NewIssuer(t)
		authenticator := issuer.Authenticator(t)
		return jwtauth.ClaimRoles{}, func(account string) domain.Actor {
			if account == "" {
				return domain.Actor{} // no token has an empty account
			}
			token := issuer.Token(t, jwttest.Claims{
				Account:    account,
				Portal:     string(domain.PortalTenant),
				Workspaces: claimed(roles, account),
			})
			actor, err := authenticator.Authenticate(t.Context(), token)
			if err != nil {
				t.Errorf("authenticate %s: %v", account, err)
			}
			return actor
		}
	})
}

func claimed(roles map[domain.WorkspaceID]map[string]domain.Role, account string) map[string]string {
	workspaces := make(map[string]string)
	for workspace, members := range roles {
		if role, ok := members[account]; ok {
			workspaces[string(workspace)] = string(role)
		}
	}
	return workspaces
}
