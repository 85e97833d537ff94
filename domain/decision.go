package domain

import (
	"net/netip"
	"time"
)

// Verdict is the outcome of a permission check.
type Verdict string

// The verdicts, in the order in which a key is judged: the first that fails
// is the answer.
const (
	VerdictOK                Verdict = "OK"
	VerdictNotFound          Verdict = "NOT_FOUND" // unknown, malformed, wrong secret or deleted
	VerdictDisabled          Verdict = "DISABLED"
	VerdictExpired           Verdict = "EXPIRED"
	VerdictIPNotAllowed      Verdict = "IP_NOT_ALLOWED"
	VerdictInsufficientScope Verdict = "INSUFFICIENT_SCOPE"
)

// Verdicts returns every verdict, in the order in which a key is checked.
func Verdicts() []Verdict {
	return []Verdict{
		VerdictOK, VerdictNotFound, VerdictDisabled, VerdictExpired, VerdictIPNotAllowed, VerdictInsufficientScope,
	}
}

// Check is the question "may this key do this, from here?".
type Check struct {
	// Secret is what the caller presented; zero when that was malformed.
	Secret Secret
	// Scopes must all be held. Asking for none still needs a key with scopes.
	Scopes []Scope
	// Addr is the caller's address; zero when unknown.
	Addr netip.Addr
}

// Decision is the answer to a [Check].
type Decision struct {
	Verdict Verdict
	// Key is who the caller proved to be; zero when Verdict is NOT_FOUND,
	// since then nothing was proven.
	Key Identity
}

// Identity is what a proven caller is told about their key.
type Identity struct {
	KeyID     KeyID
	Workspace WorkspaceID
	Mode      Mode
	Scopes    ScopeSet
	ExpiresAt time.Time // zero when the key never expires
}

// Allowed says whether the answer is yes.
func (d Decision) Allowed() bool { return d.Verdict == VerdictOK }

// NotFound is the decision on a key that does not exist or is not proven.
func NotFound() Decision { return Decision{Verdict: VerdictNotFound} }
