package apikeys

import (
	"fmt"
	"io"
	"net"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/domain"
)

const (
	demoWorkspace = "demo"
	demoAccount   = "demo-owner"
	demoTTL       = 12 * time.Hour
)

func demoClaims() jwtauth.DevClaims {
	return jwtauth.DevClaims{
		Account:    demoAccount,
		Portal:     string(domain.PortalPartner),
		Workspaces: map[string]string{demoWorkspace: string(domain.RoleOwner)},
		TTL:        demoTTL,
	}
}

// Demo is what a newcomer needs to try a service that [DevConfig] configured:
// a token for an OWNER of the workspace demo who came through the PARTNER
// portal, good for 12 hours.
type Demo struct{ token string }

// Print writes two lines to paste into a POSIX shell: the first makes a key
// and keeps its secret in $SECRET, the second checks it. They need curl and
// sed alone.
func (d *Demo) Print(w io.Writer, public, internal net.Addr) error {
	_, err := fmt.Fprintf(w, `
Make a key, in another terminal:

%s

Ask whether it may read payments:

%s

The token in the first line is good for %v hours; 'apikeys token' makes others.
`, d.createLine(public), checkLine(internal), demoTTL.Hours())
	return err
}

// createLine shows the whole answer before it cuts the secret out of it. It
// uses printf since echo of some shells reads the backslashes of JSON.
func (d *Demo) createLine(public net.Addr) string {
	return fmt.Sprintf(`ANSWER=$(curl -sSi -X POST 'http://%s/web/v1/workspaces/%s/api-keys'`+
		` -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -H 'X-Client-Hash: demo-device' -H 'X-Workspace-Id: %[2]s'`+
		` -d '{"name":"First key","scopes":["payment:read"]}'); printf '%%s\n' "$ANSWER";`+
		` SECRET=$(printf '%%s\n' "$ANSWER" | sed -n 's/.*"secret":"\([^"]*\)".*/\1/p')`,
		public, demoWorkspace, d.token)
}

func checkLine(internal net.Addr) string {
	return fmt.Sprintf(`curl -sSi -X POST 'http://%s/internal/v1/api-keys/verify'`+
		` -H 'Content-Type: application/json' -d "{\"key\":\"$SECRET\",\"scopes\":[\"payment:read\"]}"`, internal)
}
