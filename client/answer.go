package client

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// answer is what is needed of the body of an answer. Members it does not
// know are passed over; what is nil was not there.
type answer struct {
	Success bool `json:"success"`
	Data    struct {
		Allowed     *bool          `json:"allowed"`
		Reason      domain.Verdict `json:"reason"`
		APIKeyID    domain.KeyID   `json:"apiKeyId"`
		WorkspaceID string         `json:"workspaceId"`
		Mode        string         `json:"mode"`
		Scopes      *[]string      `json:"scopes"`
		ExpiresAt   jsontext.Value `json:"expiresAt"`
	} `json:"data"`
}

// decisionOf reads the answer to check. It believes none that lacks what it
// needs, contradicts itself, or is about another key.
func decisionOf(body []byte, check domain.Check) (domain.Decision, error) {
	var a answer
	// The decoder refuses repeated members and names in another case.
	if err := json.Unmarshal(body, &a); err != nil {
		return domain.NotFound(), errNoAnswer
	}
	d := domain.Decision{Verdict: a.Data.Reason}
	if !a.Success || !known(d.Verdict) || a.Data.Allowed == nil || *a.Data.Allowed != d.Allowed() {
		return domain.NotFound(), errNoAnswer
	}
	if d.Verdict == domain.VerdictNotFound {
		return d, nil
	}
	var ok bool
	if d.Key, ok = a.identity(); !ok || d.Key.KeyID != check.Secret.KeyID() {
		return domain.NotFound(), errNoAnswer
	}
	if d.Allowed() && !d.Key.Scopes.Holds(check.Scopes) {
		return domain.NotFound(), errNoAnswer
	}
	return d, nil
}

func known(v domain.Verdict) bool {
	switch v {
	case domain.VerdictOK, domain.VerdictNotFound, domain.VerdictDisabled,
		domain.VerdictExpired, domain.VerdictIPNotAllowed, domain.VerdictInsufficientScope:
		return true
	}
	return false
}

func (a *answer) identity() (domain.Identity, bool) {
	id, ok := domain.ParseKeyID(string(a.Data.APIKeyID))
	workspace, faults := domain.ParseWorkspaceID(a.Data.WorkspaceID)
	scopes, scopesOK := a.scopes()
	expires, expiresOK := a.expiresAt()
	if !ok || faults != nil || !scopesOK || !expiresOK || a.Data.Mode != id.Mode().String() {
		return domain.Identity{}, false
	}
	return domain.Identity{KeyID: id, Workspace: workspace, Mode: id.Mode(), Scopes: scopes, ExpiresAt: expires}, true
}

func (a *answer) scopes() (domain.ScopeSet, bool) {
	if a.Data.Scopes == nil {
		return domain.ScopeSet{}, false
	}
	codes := make([]domain.Scope, len(*a.Data.Scopes))
	for i, text := range *a.Data.Scopes {
		code, faults := domain.ParseScope(text)
		if faults != nil {
			return domain.ScopeSet{}, false
		}
		codes[i] = code
	}
	set, faults := domain.NewScopeSet(codes...)
	return set, faults == nil
}

// expiresAt is zero for null, which says that the key never expires.
func (a *answer) expiresAt() (time.Time, bool) {
	switch a.Data.ExpiresAt.Kind() {
	case 'n':
		return time.Time{}, true
	case '"':
		var text string
		if json.Unmarshal(a.Data.ExpiresAt, &text) != nil {
			return time.Time{}, false
		}
		at, err := time.Parse(time.RFC3339, text)
		return at.UTC(), err == nil
	}
	return time.Time{}, false
}
