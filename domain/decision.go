package domain

import (
	"net/netip"
	"time"
)

// Verdict is the outcome of a permission check.
type Verdict string

// The verdicts, in the order in which a key is checked. The first failure is the
// verdict.
const (
	VerdictOK                Verdict = "OK"
	VerdictNotFound          Verdict = "NOT_FOUND" // unknown, malformed, wrong secret or deleted
	VerdictDisabled          Verdict = "DISABLED"
	VerdictExpired           Verdict = "EXPIRED"
	VerdictIPNotAllowed      Verdict = "IP_NOT_ALLOWED"
	VerdictInsufficientScope Verdict = "INSUFFICIENT_SCOPE"
	VerdictRateLimited       Verdict = "RATE_LIMITED"
	VerdictQuotaExceeded     Verdict = "QUOTA_EXCEEDED"
)

// Verdicts returns every verdict, in the order in which a key is checked.
func Verdicts() []Verdict {
	return []Verdict{
		VerdictOK, VerdictNotFound, VerdictDisabled, VerdictExpired, VerdictIPNotAllowed, VerdictInsufficientScope,
		VerdictRateLimited, VerdictQuotaExceeded,
	}
}

// Check is a permission check: whether a secret may be used for scopes from an
// address.
type Check struct {
	// Secret is the presented secret, or zero if it was malformed.
	Secret Secret
	// Scopes are the requested scopes, all of which the key must hold. Even
	// without requested scopes, a key without scopes is denied.
	Scopes []Scope
	// Addr is the caller's address, or zero if unknown.
	Addr netip.Addr
	// Cost is what the check spends from each limit of the key. The zero value is a
	// cost of 1.
	Cost Cost
}

// Decision is the result of a [Check].
type Decision struct {
	Verdict Verdict
	// Key identifies the key. It is zero if Verdict is NOT_FOUND, because then
	// the caller has proven nothing.
	Key Identity
	// Limits are the states of the limits of the key after the check, rate limits in
	// their order and then the quota. It is empty if the key has none or if Verdict is
	// NOT_FOUND.
	Limits []LimitState
}

// Identity describes the key of a caller that has proven its secret.
type Identity struct {
	KeyID     KeyID
	Workspace WorkspaceID
	Mode      Mode
	Scopes    ScopeSet
	ExpiresAt time.Time // zero if the key never expires
}

// Allowed reports whether the check is allowed.
func (d Decision) Allowed() bool { return d.Verdict == VerdictOK }

// NotFound returns the decision for a key that does not exist or whose secret is
// not proven.
func NotFound() Decision { return Decision{Verdict: VerdictNotFound} }
