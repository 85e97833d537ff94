package answer

import (
	"context"
	"errors"
)

// StatusAbandoned is the status under which a request is counted, logged and
// traced if its client hung up before the response. nginx introduced 499 for this.
// It is never sent: a client that only closed its half of an HTTP connection, which
// net/http cannot tell from one that is gone, still gets the 503.
const StatusAbandoned = 499

// Abandoned reports whether err was caused by the end of ctx, the context of a request,
// which the server cancels if the client hangs up. It returns false for a failure that
// merely coincides with a hang-up.
func Abandoned(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled)
}
