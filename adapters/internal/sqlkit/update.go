package sqlkit

import (
	"context"
	"errors"
	"slices"

	"github.com/slaunchx/apikeys/domain"
)

// ChangedRows is what an update of a key writes. When a key was last used is
// not of it: that is written past updates, and must not be undone by them.
type ChangedRows[T any] struct {
	// Outcome is the key once the update is made. When nothing changed it is
	// the key as it is stored, and all below is empty.
	Outcome   domain.Snapshot
	Unchanged bool

	ID          string
	Name        string
	NameFolded  string
	Scopes      *string // nil: as it is stored
	IPWhitelist *string // nil: as it is stored
	Disabled    bool
	ExpiresAt   *T
	DeletedAt   *T
	Secrets     []SecretColumns[T] // in the order of their position, from 0; none: as they are stored
	Event       EventColumns[T]
}

// Update returns what to write once change was made to the key that stored,
// one row for each of its secrets, is of. A list that could not be read is
// left as it is stored.
func (c Codec[T]) Update(ctx context.Context, stored []KeyRow[T], change *Change) (ChangedRows[T], error) {
	key, err := c.Key(stored)
	if err != nil {
		return ChangedRows[T]{}, ownError{err}
	}
	before := key.Snapshot()
	event, err := change.Of(ctx, key)
	if err != nil {
		return ChangedRows[T]{}, err
	}
	if event.ID == "" {
		return ChangedRows[T]{Outcome: before, Unchanged: true}, nil
	}
	rows, err := c.changedRows(before, key, event)
	if err != nil {
		return ChangedRows[T]{}, ownError{err}
	}
	return rows, nil
}

func (c Codec[T]) changedRows(before domain.Snapshot, after *domain.APIKey, event domain.Event) (ChangedRows[T], error) {
	is := after.Snapshot()
	if len(is.Secrets) == 0 {
		return ChangedRows[T]{}, errSecretless
	}
	scopes, err := changed(before.Scopes, is.Scopes, encodeScopes)
	if err != nil {
		return ChangedRows[T]{}, err
	}
	whitelist, err := changed(before.IPWhitelist, is.IPWhitelist, encodeIPWhitelist)
	if err != nil {
		return ChangedRows[T]{}, err
	}
	eventColumns, err := c.eventColumns(event)
	if err != nil {
		return ChangedRows[T]{}, err
	}
	rows := ChangedRows[T]{
		Outcome:     is,
		ID:          string(is.ID),
		Name:        is.Name.String(),
		NameFolded:  is.Name.Folded(),
		Scopes:      scopes,
		IPWhitelist: whitelist,
		Disabled:    is.Disabled,
		ExpiresAt:   c.encodeOptional(is.ExpiresAt),
		DeletedAt:   c.encodeOptional(is.DeletedAt),
		Event:       eventColumns,
	}
	if !slices.EqualFunc(before.Secrets, is.Secrets, sameSecret) {
		rows.Secrets = c.secretColumns(is.Secrets)
	}
	return rows, nil
}

func sameSecret(a, b domain.StoredSecret) bool {
	return a.Digest == b.Digest && a.ValidUntil.Equal(b.ValidUntil)
}

// changed returns how is is stored, or nil when was is stored alike.
func changed[V any](was, is V, encode func(V) (string, error)) (*string, error) {
	before, unreadable := encode(was)
	after, err := encode(is)
	switch {
	case err == nil && (unreadable != nil || before != after):
		return &after, nil
	case err != nil && unreadable == nil:
		return nil, err
	}
	return nil, nil
}

// errSecretless is of a key that nobody could ever use.
var errSecretless = errors.New("a key without a secret cannot be stored")
