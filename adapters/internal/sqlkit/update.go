package sqlkit

import (
	"context"
	"errors"
	"slices"

	"github.com/slaunchx/apikeys/domain"
)

// ChangedRows contains the columns that an update of a key writes: those that
// changed, and those that were unreadable and no longer are. The last use is
// not among them, because it is written outside of updates, which must not
// revert it.
type ChangedRows[T any] struct {
	// Outcome is the key after the update. If nothing changed, it is the stored
	// key, and everything below is empty.
	Outcome   domain.Snapshot
	Unchanged bool

	ID          string
	Name        *string // nil means unchanged, here and below
	NameFolded  *string
	Scopes      *string
	IPWhitelist *string
	RateLimits  *string
	SetsQuota   bool // to Quota; false means unchanged
	Quota       *string
	Disabled    *bool
	SetsExpiry  bool // to ExpiresAt; false means unchanged
	ExpiresAt   *T
	DeletedAt   *T
	Secrets     []SecretColumns[T] // in the order of their position, from 0; none means unchanged
	Event       EventColumns[T]
	Hook        HookColumns[T]
}

// Update applies change to the stored key (one row per secret) and returns the
// rows to write. An unreadable column that change does not replace remains as
// it is.
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
	rows, err := c.changedRows(before, key.Snapshot(), event)
	if err != nil {
		return ChangedRows[T]{}, ownError{err}
	}
	return rows, nil
}

func (c Codec[T]) changedRows(was, is domain.Snapshot, event domain.Event) (ChangedRows[T], error) {
	if len(is.Secrets) == 0 {
		return ChangedRows[T]{}, errSecretless
	}
	eventColumns, err := c.eventColumns(event)
	if err != nil {
		return ChangedRows[T]{}, err
	}
	rows := ChangedRows[T]{
		Outcome:   is,
		ID:        string(is.ID),
		DeletedAt: c.encodeOptional(is.DeletedAt),
		Event:     eventColumns,
		Hook:      c.hookColumns(event, is),
	}
	err = c.setChanged(&rows, difference{was: was, is: is})
	return rows, err
}

// difference is a key before and after a change.
type difference struct{ was, is domain.Snapshot }

// writes reports whether a part must be written, given whether its value
// changed.
func (d difference) writes(part domain.Parts, changed bool) bool {
	return !d.is.Unreadable.Has(part) && (changed || d.was.Unreadable.Has(part))
}

func (c Codec[T]) setChanged(rows *ChangedRows[T], d difference) (err error) {
	was, is := d.was, d.is
	if d.writes(domain.PartName, was.Name != is.Name) {
		rows.Name, rows.NameFolded = new(is.Name.String()), new(is.Name.Folded())
	}
	if d.writes(domain.PartScopes, !slices.Equal(was.Scopes.Codes(), is.Scopes.Codes())) {
		if rows.Scopes, err = encoded(is.Scopes, encodeScopes); err != nil {
			return err
		}
	}
	if d.writes(domain.PartIPWhitelist, !slices.Equal(was.IPWhitelist.Ranges(), is.IPWhitelist.Ranges())) {
		if rows.IPWhitelist, err = encoded(is.IPWhitelist, encodeIPWhitelist); err != nil {
			return err
		}
	}
	if d.writes(domain.PartRateLimits, !slices.Equal(was.RateLimits, is.RateLimits)) {
		if rows.RateLimits, err = encoded(is.RateLimits, encodeRateLimits); err != nil {
			return err
		}
	}
	if d.writes(domain.PartQuota, was.Quota != is.Quota) {
		rows.SetsQuota = true
		if rows.Quota, err = encodeQuota(is.Quota); err != nil {
			return err
		}
	}
	if d.writes(domain.PartStatus, was.Disabled != is.Disabled) {
		rows.Disabled = &is.Disabled
	}
	if d.writes(domain.PartExpiresAt, !was.ExpiresAt.Equal(is.ExpiresAt)) {
		rows.SetsExpiry, rows.ExpiresAt = true, c.encodeOptional(is.ExpiresAt)
	}
	if d.writes(domain.PartSecrets, !slices.EqualFunc(was.Secrets, is.Secrets, sameSecret)) {
		rows.Secrets = c.secretColumns(is.Secrets)
	}
	return nil
}

func encoded[V any](v V, encode func(V) (string, error)) (*string, error) {
	text, err := encode(v)
	return &text, err
}

func sameSecret(a, b domain.StoredSecret) bool {
	return a.Digest == b.Digest && a.ValidUntil.Equal(b.ValidUntil)
}

// errSecretless is the error of a key that nobody could use.
var errSecretless = errors.New("a key without a secret cannot be stored")
