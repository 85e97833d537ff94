package client

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// response is the part of a response body that the client uses. Unknown members
// are ignored; nil means that a member is absent.
type response struct {
	Success bool `json:"success"`
	Data    struct {
		Allowed     *bool          `json:"allowed"`
		Reason      domain.Verdict `json:"reason"`
		APIKeyID    domain.KeyID   `json:"apiKeyId"`
		WorkspaceID string         `json:"workspaceId"`
		Mode        string         `json:"mode"`
		Scopes      *[]string      `json:"scopes"`
		ExpiresAt   jsontext.Value `json:"expiresAt"`
		Limits      []limitState   `json:"limits"`
	} `json:"data"`
}

// decisionOf parses the response to check. It rejects a response that is
// incomplete, contradicts itself, or is about another key.
func decisionOf(body []byte, check domain.Check) (domain.Decision, error) {
	var r response
	// The decoder rejects duplicate members and names in another case.
	if err := json.Unmarshal(body, &r); err != nil {
		return domain.NotFound(), errUnexpectedResponse
	}
	d := domain.Decision{Verdict: r.Data.Reason}
	if !r.Success || !known(d.Verdict) || r.Data.Allowed == nil || *r.Data.Allowed != d.Allowed() {
		return domain.NotFound(), errUnexpectedResponse
	}
	if d.Verdict == domain.VerdictNotFound {
		return d, nil
	}
	var ok bool
	own := check.Secret.KeyID() // empty for a foreign secret, which does not name its key
	if d.Key, ok = r.identity(); !ok || own != "" && d.Key.KeyID != own {
		return domain.NotFound(), errUnexpectedResponse
	}
	if d.Limits, ok = statesOf(r.Data.Limits); !ok {
		return domain.NotFound(), errUnexpectedResponse
	}
	if d.Allowed() && !d.Key.Scopes.Holds(check.Scopes) {
		return domain.NotFound(), errUnexpectedResponse
	}
	return d, nil
}

func known(v domain.Verdict) bool {
	switch v {
	case domain.VerdictOK, domain.VerdictNotFound, domain.VerdictDisabled,
		domain.VerdictExpired, domain.VerdictIPNotAllowed, domain.VerdictInsufficientScope,
		domain.VerdictRateLimited, domain.VerdictQuotaExceeded:
		return true
	}
	return false
}

func (r *response) identity() (domain.Identity, bool) {
	id, ok := domain.ParseKeyID(string(r.Data.APIKeyID))
	workspace, faults := domain.ParseWorkspaceID(r.Data.WorkspaceID)
	scopes, scopesOK := r.scopes()
	expires, expiresOK := r.expiresAt()
	if !ok || faults != nil || !scopesOK || !expiresOK || r.Data.Mode != id.Mode().String() {
		return domain.Identity{}, false
	}
	return domain.Identity{KeyID: id, Workspace: workspace, Mode: id.Mode(), Scopes: scopes, ExpiresAt: expires}, true
}

func (r *response) scopes() (domain.ScopeSet, bool) {
	if r.Data.Scopes == nil {
		return domain.ScopeSet{}, false
	}
	codes := make([]domain.Scope, len(*r.Data.Scopes))
	for i, text := range *r.Data.Scopes {
		code, faults := domain.ParseScope(text)
		if faults != nil {
			return domain.ScopeSet{}, false
		}
		codes[i] = code
	}
	set, faults := domain.NewScopeSet(codes...)
	return set, faults == nil
}

// expiresAt returns the zero time for null, which means that the key never
// expires.
func (r *response) expiresAt() (time.Time, bool) {
	switch r.Data.ExpiresAt.Kind() {
	case 'n':
		return time.Time{}, true
	case '"':
		var text string
		if json.Unmarshal(r.Data.ExpiresAt, &text) != nil {
			return time.Time{}, false
		}
		at, err := time.Parse(time.RFC3339, text)
		return at.UTC(), err == nil
	}
	return time.Time{}, false
}
