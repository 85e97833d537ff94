package postgres

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// KeepPepper implements ports.PepperKeeper. The insert waits for another of the
// same pepper to be committed, so that what is read then is what all others read.
func (r *KeyRepository) KeepPepper(ctx context.Context, check domain.PepperCheck) (domain.PepperCheck, error) {
	if err := flush(ctx, r.keepPepper, sqlkit.InsertPepperArgs(check)...); err != nil {
		return domain.PepperCheck{}, err
	}
	found, err := read[sqlkit.PepperRow](ctx, r.findPepper, check.PepperID)
	if err != nil {
		return domain.PepperCheck{}, err
	}
	return sqlkit.StoredPepper(check.PepperID, found)
}
