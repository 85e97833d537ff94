package sqlkit

import (
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// NewRows contains the rows of a new key.
type NewRows[T any] struct {
	Key     KeyColumns[T]
	Secrets []SecretColumns[T] // in the order of their position, from 0
	Event   EventColumns[T]
	Hook    HookColumns[T]
}

// Rows returns the rows of a new key. It rejects a key without a secret, which
// nobody could use, and a copy of a key that is partly unreadable.
func (c Codec[T]) Rows(key *domain.APIKey, event domain.Event) (NewRows[T], error) {
	s := key.Snapshot()
	switch {
	case len(s.Secrets) == 0:
		return NewRows[T]{}, errSecretless
	case s.Unreadable != 0:
		return NewRows[T]{}, fmt.Errorf("a key with an unreadable %s cannot be created", s.Unreadable)
	}
	keyColumns, err := c.encodeKey(s)
	if err != nil {
		return NewRows[T]{}, err
	}
	eventColumns, err := c.eventColumns(event)
	if err != nil {
		return NewRows[T]{}, err
	}
	return NewRows[T]{Key: keyColumns, Secrets: c.secretColumns(s.Secrets), Event: eventColumns, Hook: c.hookColumns(event, s)}, nil
}

func (c Codec[T]) encodeKey(s domain.Snapshot) (KeyColumns[T], error) {
	scopes, err := encodeScopes(s.Scopes)
	if err != nil {
		return KeyColumns[T]{}, err
	}
	whitelist, err := encodeIPWhitelist(s.IPWhitelist)
	if err != nil {
		return KeyColumns[T]{}, err
	}
	rateLimits, err := encodeRateLimits(s.RateLimits)
	if err != nil {
		return KeyColumns[T]{}, err
	}
	quota, err := encodeQuota(s.Quota)
	if err != nil {
		return KeyColumns[T]{}, err
	}
	return KeyColumns[T]{
		ID:          string(s.ID),
		WorkspaceID: string(s.Workspace),
		Name:        s.Name.String(),
		NameFolded:  s.Name.Folded(),
		Mode:        int64(s.Mode),
		Scopes:      scopes,
		IPWhitelist: whitelist,
		RateLimits:  rateLimits,
		Quota:       quota,
		Disabled:    s.Disabled,
		CreatedBy:   s.CreatedBy,
		CreatedAt:   c.Encode(s.CreatedAt),
		ExpiresAt:   c.encodeOptional(s.ExpiresAt),
		LastUsedAt:  c.encodeOptional(s.LastUsedAt),
		DeletedAt:   c.encodeOptional(s.DeletedAt),
	}, nil
}

func (c Codec[T]) secretColumns(secrets []domain.StoredSecret) []SecretColumns[T] {
	out := make([]SecretColumns[T], len(secrets))
	for i, s := range secrets {
		out[i] = SecretColumns[T]{
			Algorithm:  string(s.Digest.Algorithm),
			PepperID:   s.Digest.PepperID,
			Digest:     s.Digest.Sum[:],
			ValidUntil: c.encodeOptional(s.ValidUntil),
		}
	}
	return out
}

func (c Codec[T]) eventColumns(e domain.Event) (EventColumns[T], error) {
	changes, err := encodeChanges(e.Changes)
	if err != nil {
		return EventColumns[T]{}, err
	}
	return EventColumns[T]{
		ID:          e.ID,
		KeyID:       string(e.KeyID),
		WorkspaceID: string(e.Workspace),
		Type:        string(e.Type),
		At:          c.Encode(e.At),
		AccountID:   e.By.AccountID,
		Portal:      string(e.By.Portal),
		ClientHash:  e.By.ClientHash,
		IP:          encodeAddr(e.By.IP),
		RequestID:   e.By.RequestID,
		Changes:     changes,
	}, nil
}

func (c Codec[T]) encodeOptional(t time.Time) *T {
	if t.IsZero() {
		return nil
	}
	v := c.Encode(t)
	return &v
}
