package postgres

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// KeepPepper implements ports.PepperKeeper. If another process inserts the same
// pepper, the insert waits for it to commit, so that all processes read the
// same check value.
func (r *KeyRepository) KeepPepper(ctx context.Context, check domain.PepperCheck) (domain.PepperCheck, error) {
	if err := flush(ctx, r.keepPepper, sqlkit.InsertPepperArgs(check)...); err != nil {
		return domain.PepperCheck{}, err
	}
	found, err := sqlkit.Rows[sqlkit.PepperRow](ctx, lookUp, r.findPepper, check.PepperID)
	if err != nil {
		return domain.PepperCheck{}, err
	}
	return sqlkit.StoredPepper(check.PepperID, found)
}
