package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// GetKey shows a key to its owner.
type GetKey struct {
	keys ports.KeyReader
}

// NewGetKey returns the use case.
func NewGetKey(keys ports.KeyReader) *GetKey { return &GetKey{keys: keys} }

// Do returns the key. It returns [domain.ErrKeyNotFound] when the owner's
// workspace has no such key, also when another workspace has, and the errors
// of [ports.KeyReader].
func (uc *GetKey) Do(ctx context.Context, owner Owner, id domain.KeyID) (*domain.APIKey, error) {
	if err := owner.check(); err != nil {
		return nil, err
	}
	return uc.keys.Get(ctx, owner.workspace, id)
}
