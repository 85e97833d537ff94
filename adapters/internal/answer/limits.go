package answer

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

// ParseCost reads the cost of a check in decimal digits.
func ParseCost(value string) (domain.Cost, domain.Faults) {
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return domain.Cost{}, domain.Faults{{Reason: domain.ReasonFormat, Rule: domain.RuleCostRange}}
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		n = domain.MaxCost + 1
	}
	return domain.ParseCost(n)
}

// SetLimits sets the RateLimit-Policy and RateLimit fields
// (draft-ietf-httpapi-ratelimit-headers) of a response about a key that has limits, and
// Retry-After if they refuse a check of that cost.
//
// A response that must not reveal whether a secret belongs to a disabled key, to an
// expired key or to none has no such field.
func SetLimits(h http.Header, decision domain.Decision, cost domain.Cost) {
	if len(decision.Limits) == 0 {
		return
	}
	switch decision.Verdict {
	case domain.VerdictNotFound, domain.VerdictDisabled, domain.VerdictExpired:
		return
	case domain.VerdictRateLimited, domain.VerdictQuotaExceeded:
		if wait, ok := decision.RetryAfter(cost); ok {
			seconds, _ := domain.LimitState{Reset: wait}.ResetSeconds()
			h.Set("Retry-After", strconv.FormatInt(seconds, 10))
		}
	case domain.VerdictOK, domain.VerdictIPNotAllowed, domain.VerdictInsufficientScope:
	}
	policy, left := make([]byte, 0, 64), make([]byte, 0, 64)
	for i, state := range decision.Limits {
		if i > 0 {
			policy, left = append(policy, ", "...), append(left, ", "...)
		}
		policy = appendItem(policy, state.Limit.Name, ";q=", state.Limit.Max)
		if seconds, ends := state.WindowSeconds(); ends {
			policy = strconv.AppendInt(append(policy, ";w="...), seconds, 10)
		}
		left = appendItem(left, state.Limit.Name, ";r=", state.Remaining)
		if seconds, ends := state.ResetSeconds(); ends {
			left = strconv.AppendInt(append(left, ";t="...), seconds, 10)
		}
	}
	h.Set("RateLimit-Policy", string(policy))
	h.Set("RateLimit", string(left))
}

// appendItem appends a string with one integer parameter (RFC 9651). Names of limits need
// no escaping.
func appendItem(b []byte, name, parameter string, value int64) []byte {
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, '"')
	b = append(b, parameter...)
	return strconv.AppendInt(b, value, 10)
}
