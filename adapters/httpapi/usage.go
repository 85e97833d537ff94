package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// showUsage serves GET on the usage of a key.
func (a *API) showUsage(x *exchange, ws *application.Workspace) error {
	days, faults := toDayRange(x.Request().URL.RawQuery, a.options.Now())
	if faults != nil {
		return faults.Err()
	}
	id, err := x.keyInPath()
	if err != nil {
		return err
	}
	usage, err := carryOut(x, func(ctx context.Context) (domain.KeyUsage, error) {
		return ws.KeyUsage(ctx, id, days)
	})
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toUsageBody(usage))
}

// toDayRange reads the range of days, which is the last 30 days if the query has none.
func toDayRange(query string, now time.Time) (domain.DayRange, domain.Faults) {
	var days domain.DayRange
	present := map[string]bool{}
	day := func(name string, dst *domain.Day) form.Parameter {
		decode := form.Term(dst, domain.ParseDay)
		return form.Parameter{Name: name, Decode: func(value string) domain.Faults {
			present[name] = true
			return decode(value)
		}}
	}
	faults := form.DecodeQuery(query, day("from", &days.From), day("to", &days.To))
	if len(present) == 1 {
		for _, name := range []string{"from", "to"} {
			if !present[name] {
				faults = append(faults, form.Fault(name, domain.ReasonRequired, domain.RuleDayRequired)...)
			}
		}
	}
	switch {
	case faults != nil:
		return domain.DayRange{}, faults
	case len(present) == 0:
		return domain.LastDays(now), nil
	}
	return domain.NewDayRange(days.From, days.To, now)
}

// usageBody is the usage of a key, in the contract's order.
type usageBody struct {
	Days           []dayBody        `json:"days"`
	Scopes         []scopeUseBody   `json:"scopes"`
	PreviousSecret *previousUseBody `json:"previousSecret"` // null if there is none that works
}

type dayBody struct {
	Date    string     `json:"date"`
	Allowed int64      `json:"allowed"`
	Denied  deniedBody `json:"denied"`
}

// deniedBody has the reasons in the order in which a key is checked.
type deniedBody struct {
	Disabled          int64 `json:"DISABLED,omitempty"`
	Expired           int64 `json:"EXPIRED,omitempty"`
	IPNotAllowed      int64 `json:"IP_NOT_ALLOWED,omitempty"`
	InsufficientScope int64 `json:"INSUFFICIENT_SCOPE,omitempty"`
	RateLimited       int64 `json:"RATE_LIMITED,omitempty"`
	QuotaExceeded     int64 `json:"QUOTA_EXCEEDED,omitempty"`
}

func toDeniedBody(denied map[domain.Verdict]int64) deniedBody {
	return deniedBody{
		Disabled:          denied[domain.VerdictDisabled],
		Expired:           denied[domain.VerdictExpired],
		IPNotAllowed:      denied[domain.VerdictIPNotAllowed],
		InsufficientScope: denied[domain.VerdictInsufficientScope],
		RateLimited:       denied[domain.VerdictRateLimited],
		QuotaExceeded:     denied[domain.VerdictQuotaExceeded],
	}
}

type scopeUseBody struct {
	Scope      domain.Scope `json:"scope"`
	LastUsedAt *string      `json:"lastUsedAt"`
}

type previousUseBody struct {
	ValidUntil string  `json:"validUntil"`
	LastUsedAt *string `json:"lastUsedAt"`
}

func toUsageBody(usage domain.KeyUsage) usageBody {
	body := usageBody{Days: make([]dayBody, len(usage.Days)), Scopes: make([]scopeUseBody, len(usage.Scopes))}
	for i, day := range usage.Days {
		body.Days[i] = dayBody{Date: day.Day.String(), Allowed: day.Allowed, Denied: toDeniedBody(day.Denied)}
	}
	for i, scope := range usage.Scopes {
		body.Scopes[i] = scopeUseBody{Scope: scope.Scope, LastUsedAt: orNull(scope.LastUsedAt)}
	}
	if previous := usage.PreviousSecret; previous != nil {
		body.PreviousSecret = &previousUseBody{
			ValidUntil: rfc3339(previous.ValidUntil), LastUsedAt: orNull(previous.LastUsedAt),
		}
	}
	return body
}
