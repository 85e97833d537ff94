package acceptance

import (
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
)

func TestCreateKey_403_notAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tests := map[string]func(*jwttest.Claims){
		"an admin":                role("ADMIN"),
		"an operator":             role("OPERATOR"),
		"a viewer":                role("VIEWER"),
		"a role in another case":  role("owner"),
		"an unknown role":         role("EMPEROR"),
		"no workspaces":           func(c *jwttest.Claims) { c.Workspaces = nil },
		"another workspace":       func(c *jwttest.Claims) { c.Workspaces = map[string]string{"ws_2": "OWNER"} },
		"the system portal's own": func(c *jwttest.Claims) { c.Portal, c.Workspaces = "SYSTEM", nil },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := do(t, w.create(t, `{"name":"k"}`, as(w.token(t, change))))
			mustBe(t, a, 403, "4030", "Only workspace owner can manage API keys")
		})
	}
}

func TestCreateKey_403_comesBeforeTheBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := do(t, w.create(t, `{`, as(w.token(t, role("VIEWER")))))
	mustBe(t, a, 403, "4030", "Only workspace owner can manage API keys")
}

func TestCreateKey_403_onlyThePartnerPortalMakesTestKeys(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		for _, p := range []string{"SYSTEM", "TENANT", "CONSUMER"} {
			a := do(t, w.create(t, `{"name":"k","mode":2}`, as(w.token(t, portal(p)))))
			mustBe(t, a, 403, "4031", "Only PARTNER portal can create TEST keys")
		}
	})
}

func TestCreateKey_403_thePortalIsJudgedAfterTheBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := do(t, w.create(t, `{"mode":2}`, as(w.token(t, portal("TENANT")))))
	mustFail(t, a, []string{"name required"})
}
