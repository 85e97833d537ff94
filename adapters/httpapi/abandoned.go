package httpapi

import (
	"context"
	"errors"
)

// statusAbandoned is the status under which a request is counted, logged and
// traced if its client hung up before it was answered. nginx introduced 499 for
// this. It is never sent: a client that only closed its half of the connection,
// which net/http cannot tell from one that is gone, still gets the 503.
const statusAbandoned = 499

// abandoned reports whether err comes from the end of ctx, the context of a
// request, which net/http cancels if the client hangs up. A failure that only
// coincides with a hang-up is a failure.
func abandoned(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled)
}
