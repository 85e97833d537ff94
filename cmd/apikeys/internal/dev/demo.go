package dev

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

// Demo lets a newcomer try a service configured by [Config]: it has a token for
// an OWNER of the workspace demo on the PARTNER portal, valid for 12 hours.
type Demo struct{ token string }

// Token returns the token.
func (d *Demo) Token() string { return d.token }

// Print writes two lines to paste into a POSIX shell: the first creates a key
// and keeps its secret in $SECRET, the second checks it. They need only curl and
// sed.
func (d *Demo) Print(w io.Writer, public, internal net.Addr) error {
	_, err := fmt.Fprintf(w, `
Create a key, in another terminal:

%s

Check whether it may read payments:

%s

The token in the first command is valid for %v hours; 'apikeys token' creates others.
In a browser on this machine, http://%s/console does the same.
`, d.createLine(public), checkLine(internal), demoTTL.Hours(), public)
	return err
}

// createLine prints the whole response before it extracts the secret. It uses
// printf because echo interprets the backslashes of JSON in some shells.
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
