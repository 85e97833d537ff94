package httpapi

import (
	"fmt"
	"net/http"

	"github.com/slaunchx/apikeys/domain"
)

// live answers as long as the process can answer at all.
func (a *API) live(x *exchange) error {
	x.quiet = true
	return x.succeed(http.StatusOK, nil)
}

// ready answers 200 when the store is migrated and connected and the keys to
// check tokens with are known, and 503 otherwise.
func (a *API) ready(x *exchange) error {
	x.quiet = true
	ctx, cancel := x.bounded()
	defer cancel()
	if err := a.options.Ready(ctx); err != nil {
		return fmt.Errorf("not ready: %w: %w", domain.ErrUnavailable, err)
	}
	return x.succeed(http.StatusOK, nil)
}

// metrics serves what Prometheus scrapes, in its own format.
func (a *API) metrics(x *exchange) error {
	x.quiet = true
	a.options.Metrics.ServeHTTP(x.Response(), x.Request())
	return nil
}
