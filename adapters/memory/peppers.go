package memory

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
)

// KeepPepper implements ports.PepperKeeper.
func (r *KeyRepository) KeepPepper(ctx context.Context, check domain.PepperCheck) (stored domain.PepperCheck, err error) {
	err = r.withoutEvent(ctx, func() {
		if _, exists := r.checks[check.PepperID]; !exists {
			r.checks[check.PepperID] = check
		}
		stored = r.checks[check.PepperID]
	})
	return stored, err
}
