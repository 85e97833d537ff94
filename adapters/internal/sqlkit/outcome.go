package sqlkit

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// outcomeJSON is a key as a request left it, as it is kept with the
// idempotency key of that request. It has no room for a secret or digest.
type outcomeJSON struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Mode        int64           `json:"mode"`
	Scopes      json.RawMessage `json:"scopes"`
	IPWhitelist json.RawMessage `json:"ip_whitelist"` // null: it cannot be read
	Disabled    bool            `json:"disabled"`
	CreatedBy   string          `json:"created_by"`
	CreatedAt   time.Time       `json:"created_at"`
	ExpiresAt   time.Time       `json:"expires_at,omitzero"`
	LastUsedAt  time.Time       `json:"last_used_at,omitzero"`
	DeletedAt   time.Time       `json:"deleted_at,omitzero"`
}

func encodeOutcome(s domain.Snapshot) (string, error) {
	scopes, err := encodeScopes(s.Scopes)
	if err != nil {
		return "", err
	}
	whitelist, err := encodeIPWhitelist(s.IPWhitelist)
	if err != nil {
		whitelist = "null"
	}
	encoded, err := json.Marshal(outcomeJSON{
		ID:          string(s.ID),
		Name:        s.Name.String(),
		Mode:        int64(s.Mode),
		Scopes:      json.RawMessage(scopes),
		IPWhitelist: json.RawMessage(whitelist),
		Disabled:    s.Disabled,
		CreatedBy:   s.CreatedBy,
		CreatedAt:   s.CreatedAt,
		ExpiresAt:   s.ExpiresAt,
		LastUsedAt:  s.LastUsedAt,
		DeletedAt:   s.DeletedAt,
	})
	return string(encoded), err
}

func decodeOutcome(workspace domain.WorkspaceID, stored string) (*domain.APIKey, error) {
	var o outcomeJSON
	if err := json.Unmarshal([]byte(stored), &o); err != nil {
		return nil, errors.New("unreadable stored outcome")
	}
	name, faults := domain.ParseName(o.Name)
	if faults != nil {
		return nil, damaged("stored outcome of key "+o.ID+": name", faults)
	}
	mode, faults := domain.ParseMode(o.Mode)
	if faults != nil {
		return nil, damaged("stored outcome of key "+o.ID+": mode", faults)
	}
	return domain.Rehydrate(domain.Snapshot{
		ID:          domain.KeyID(o.ID),
		Workspace:   workspace,
		Name:        name,
		Mode:        mode,
		Scopes:      decodeScopes(string(o.Scopes)),
		IPWhitelist: decodeIPWhitelist(string(o.IPWhitelist)),
		Disabled:    o.Disabled,
		CreatedBy:   o.CreatedBy,
		CreatedAt:   o.CreatedAt.UTC(),
		ExpiresAt:   o.ExpiresAt.UTC(),
		LastUsedAt:  o.LastUsedAt.UTC(),
		DeletedAt:   o.DeletedAt.UTC(),
	}), nil
}
