package httpapi

import (
	"context"
	"net/http"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// showLimits serves GET on the limits of a key.
func (a *API) showLimits(x *exchange, ws *application.Workspace) error {
	if faults := form.DecodeQuery(x.Request().URL.RawQuery); faults != nil {
		return faults.Err()
	}
	id, err := x.keyInPath()
	if err != nil {
		return err
	}
	states, err := carryOut(x, func(ctx context.Context) ([]domain.LimitState, error) {
		return ws.KeyLimits(ctx, id)
	})
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, keyLimits(states))
}

// keyLimits are the states of all limits of a key.
type keyLimits []domain.LimitState

func (l keyLimits) appendTo(b []byte) []byte {
	return append(appendLimits(append(b, `{"limits":`...), l), '}')
}
