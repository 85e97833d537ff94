package postgres

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// Find implements ports.KeyFinder. It reads the standby, if there is one that is
// current.
func (r *KeyRepository) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	if r.standby != nil {
		if key, ok := r.standby.Find(ctx, id); ok {
			r.damage.Key(key)
			return key, nil
		}
	}
	return r.reads.Find(ctx, id)
}

// lookUp is the [sqlkit.Runner] of short reads.
func lookUp(ctx context.Context, read func(ctx context.Context) error) error {
	_, err := onSound(func() (struct{}, error) { return struct{}{}, read(promptly(ctx)) })
	return translate(ctx, err)
}

// search is the [sqlkit.Runner] of long reads. The server is told to cancel them, which
// lookUp omits.
func search(ctx context.Context, read func(ctx context.Context) error) error {
	_, err := untilDone(ctx, func() (struct{}, error) {
		_, err := onSound(func() (struct{}, error) { return struct{}{}, read(ctx) })
		return struct{}{}, translate(ctx, err)
	})
	return err
}
