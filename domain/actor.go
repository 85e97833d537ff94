package domain

import "net/netip"

// Role is the role of an account in a workspace.
type Role string

// The roles. Only an OWNER may manage API keys, including reading them.
const (
	RoleNone     Role = ""
	RoleOwner    Role = "OWNER"
	RoleAdmin    Role = "ADMIN"
	RoleOperator Role = "OPERATOR"
	RoleViewer   Role = "VIEWER"
)

// Portal is the application that a request came through.
type Portal string

// The portals. Only PARTNER may create TEST keys.
const (
	PortalSystem   Portal = "SYSTEM"
	PortalTenant   Portal = "TENANT"
	PortalPartner  Portal = "PARTNER"
	PortalConsumer Portal = "CONSUMER"
)

// ParsePortal returns the portal named s, and false if there is none.
func ParsePortal(s string) (Portal, bool) {
	switch p := Portal(s); p {
	case PortalSystem, PortalTenant, PortalPartner, PortalConsumer:
		return p, true
	}
	return "", false
}

// Actor is the authenticated caller of a management operation.
type Actor struct {
	AccountID string
	Portal    Portal
	// Roles are the roles that the caller's credential claims, by workspace. The
	// WorkspaceRoles port decides whether they count; it may use another source.
	Roles map[WorkspaceID]Role
	// ClientHash binds the credential to one device; empty if it is not bound.
	ClientHash string
}

// Origin describes where a request came from.
type Origin struct {
	ClientHash string     // the client's device fingerprint
	IP         netip.Addr // the zero Addr if unknown
	RequestID  string
}

// Author is the author of a change as recorded in the audit trail.
type Author struct {
	AccountID string
	Portal    Portal
	Origin
}

// OperatorAuthor returns the author of changes by an operator, on the command
// line or in a job: account operator:NAME in the portal SYSTEM.
func OperatorAuthor(name string, origin Origin) Author {
	return Author{AccountID: "operator:" + name, Portal: PortalSystem, Origin: origin}
}
