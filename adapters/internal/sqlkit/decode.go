package sqlkit

import (
	"errors"
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Key returns the key that rows, one for each of its secrets, are of, and
// [domain.ErrKeyNotFound] when there are none.
func (c Codec[T]) Key(rows []KeyRow[T]) (*domain.APIKey, error) {
	if len(rows) == 0 {
		return nil, domain.ErrKeyNotFound
	}
	row := rows[0].KeyColumns
	name, faults := domain.ParseName(row.Name)
	if faults != nil {
		return nil, damaged("stored name of key "+row.ID, faults)
	}
	mode, faults := domain.ParseMode(row.Mode)
	if faults != nil {
		return nil, damaged("stored mode of key "+row.ID, faults)
	}
	secrets := make([]domain.StoredSecret, len(rows))
	for i, r := range rows {
		secrets[i] = c.secret(r.SecretColumns)
	}
	return domain.Rehydrate(domain.Snapshot{
		ID:          domain.KeyID(row.ID),
		Workspace:   domain.WorkspaceID(row.WorkspaceID),
		Name:        name,
		Mode:        mode,
		Scopes:      decodeScopes(row.Scopes),
		IPWhitelist: decodeIPWhitelist(row.IPWhitelist),
		Disabled:    row.Disabled,
		Secrets:     secrets,
		CreatedBy:   row.CreatedBy,
		CreatedAt:   c.Decode(row.CreatedAt),
		ExpiresAt:   c.decodeOptional(row.ExpiresAt),
		LastUsedAt:  c.decodeOptional(row.LastUsedAt),
		DeletedAt:   c.decodeOptional(row.DeletedAt),
	}), nil
}

// secret leaves the algorithm out of a digest that has another length than
// those of this version, so that no verifier knows it.
func (c Codec[T]) secret(row SecretColumns[T]) domain.StoredSecret {
	s := domain.StoredSecret{ValidUntil: c.decodeOptional(row.ValidUntil)}
	s.Digest.PepperID = row.PepperID
	if len(row.Digest) == len(s.Digest.Sum) {
		s.Digest.Algorithm = domain.Algorithm(row.Algorithm)
		copy(s.Digest.Sum[:], row.Digest)
	}
	return s
}

// Events returns the events that rows are of, in their order.
func (c Codec[T]) Events(rows []EventColumns[T]) ([]domain.Event, error) {
	events := make([]domain.Event, len(rows))
	for i, row := range rows {
		event, err := c.event(row)
		if err != nil {
			return nil, fmt.Errorf("stored event %s: %w", row.ID, err)
		}
		events[i] = event
	}
	return events, nil
}

func (c Codec[T]) event(row EventColumns[T]) (domain.Event, error) {
	addr, err := decodeAddr(row.IP)
	if err != nil {
		return domain.Event{}, errors.New("unreadable address")
	}
	changes, err := decodeChanges(row.Changes)
	if err != nil {
		return domain.Event{}, errors.New("unreadable changes")
	}
	return domain.Event{
		ID:        row.ID,
		KeyID:     domain.KeyID(row.KeyID),
		Workspace: domain.WorkspaceID(row.WorkspaceID),
		Type:      domain.EventType(row.Type),
		At:        c.Decode(row.At),
		By: domain.Author{
			AccountID: row.AccountID,
			Portal:    domain.Portal(row.Portal),
			Origin:    domain.Origin{ClientHash: row.ClientHash, IP: addr, RequestID: row.RequestID},
		},
		Changes: changes,
	}, nil
}

func (c Codec[T]) decodeOptional(v *T) time.Time {
	if v == nil {
		return time.Time{}
	}
	return c.Decode(*v)
}
