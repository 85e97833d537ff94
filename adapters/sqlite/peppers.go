package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// KeepPepper implements ports.PepperKeeper.
func (r *KeyRepository) KeepPepper(ctx context.Context, check domain.PepperCheck) (domain.PepperCheck, error) {
	stored := make(chan domain.PepperCheck, 1)
	err := r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		if err := tx.exec(sqlkit.InsertPepper, sqlkit.InsertPepperArgs(check)...); err != nil {
			return err
		}
		var found []sqlkit.PepperRow
		if err := tx.read(&found, sqlkit.FindPepper, check.PepperID); err != nil {
			return err
		}
		kept, err := sqlkit.StoredPepper(check.PepperID, found)
		stored <- kept
		return err
	})
	if err != nil {
		return domain.PepperCheck{}, translate(ctx, err)
	}
	return <-stored, nil
}
