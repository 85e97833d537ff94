package domain

import "net/netip"

// Role is what an account is in a workspace.
type Role string

// The roles. Only an OWNER manages API keys, reads included.
const (
	RoleNone     Role = ""
	RoleOwner    Role = "OWNER"
	RoleAdmin    Role = "ADMIN"
	RoleOperator Role = "OPERATOR"
	RoleViewer   Role = "VIEWER"
)

// Portal is the application a request was made through.
type Portal string

// The portals. Only PARTNER makes TEST keys.
const (
	PortalSystem   Portal = "SYSTEM"
	PortalTenant   Portal = "TENANT"
	PortalPartner  Portal = "PARTNER"
	PortalConsumer Portal = "CONSUMER"
)

// ParsePortal returns the portal of that name, and false when there is none.
func ParsePortal(s string) (Portal, bool) {
	switch p := Portal(s); p {
	case PortalSystem, PortalTenant, PortalPartner, PortalConsumer:
		return p, true
	}
	return "", false
}

// Actor is the proven caller of a management operation.
type Actor struct {
	AccountID string
	Portal    Portal
	// Roles are the roles the caller's credential claims, by workspace. Who
	// decides is the WorkspaceRoles port, which may look elsewhere.
	Roles map[WorkspaceID]Role
	// ClientHash binds the credential to one device; empty when it is not bound.
	ClientHash string
}

// Origin is where a request came from.
type Origin struct {
	ClientHash string     // the client's device fingerprint
	IP         netip.Addr // zero when unknown
	RequestID  string
}

// Author is who made a change, from where: what the audit trail keeps of them.
type Author struct {
	AccountID string
	Portal    Portal
	Origin
}

// OperatorAuthor returns the author of what an operator does on the command
// line or in a job: account operator:NAME in the portal SYSTEM.
func OperatorAuthor(name string, origin Origin) Author {
	return Author{AccountID: "operator:" + name, Portal: PortalSystem, Origin: origin}
}
