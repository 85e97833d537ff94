package apikeys

import (
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/adapters/httpapi"
	"github.com/slaunchx/apikeys/adapters/ratelimit"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/config"
)

// limits are those of the management API.
type limits struct {
	accounts *ratelimit.Limiter // requests, by account
	failures *ratelimit.Limiter // failed authentications, by address
	atOnce   *httpapi.Admission // requests under way
}

// managedAtOnce is how many management requests are at work at once: enough to
// keep any store busy, and so few that none waits long. At 2,500 a second the
// last of them has waited for 50 ms.
const managedAtOnce = 128

func provideLimits(cfg config.Config, now func() time.Time) (limits, func(), error) {
	accounts, err := ratelimit.New(cfg.ManagementRate, now)
	if err != nil {
		return limits{}, nil, fmt.Errorf("APIKEYS_MANAGEMENT_RATE: %w", err)
	}
	failures, err := ratelimit.New(cfg.AuthFailureRate, now)
	if err != nil {
		accounts.Close()
		return limits{}, nil, fmt.Errorf("APIKEYS_AUTH_FAILURE_RATE: %w", err)
	}
	all := limits{accounts: accounts, failures: failures, atOnce: httpapi.NewAdmission(managedAtOnce)}
	return all, func() { accounts.Close(); failures.Close() }, nil
}

func (l limits) stats() telemetry.LimitStats {
	return telemetry.LimitStats{Accounts: l.accounts.Refused(), Addresses: l.failures.Refused(), AtOnce: l.atOnce.Refused()}
}
