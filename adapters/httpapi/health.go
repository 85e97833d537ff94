package httpapi

import (
	"fmt"
	"net/http"

	"github.com/slaunchx/apikeys/domain"
)

// live responds 200 as long as the process can respond at all.
func (a *API) live(x *exchange) error {
	x.quiet = true
	return x.succeed(http.StatusOK, nil)
}

// ready responds 200 if the store is migrated and connected and the token keys
// are known, and 503 otherwise.
func (a *API) ready(x *exchange) error {
	x.quiet = true
	ctx, cancel := x.bounded()
	defer cancel()
	if err := a.options.Ready(ctx); err != nil {
		return fmt.Errorf("not ready: %w: %w", domain.ErrUnavailable, err)
	}
	return x.succeed(http.StatusOK, nil)
}

// metrics serves the metrics for Prometheus.
func (a *API) metrics(x *exchange) error {
	x.quiet = true
	a.options.Metrics.ServeHTTP(x.Response(), x.Request())
	return nil
}
