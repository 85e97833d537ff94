package httpapi

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/domain"
)

// rateLimitBody is a rate limit, in the contract's order.
type rateLimitBody struct {
	Name          string `json:"name"`
	Limit         int64  `json:"limit"`
	WindowSeconds int64  `json:"windowSeconds"`
}

// quotaBody is a quota, in the contract's order.
type quotaBody struct {
	Limit  int64         `json:"limit"`
	Period domain.Period `json:"period"`
}

// toRateLimits is never nil: an empty list is written [].
func toRateLimits(limits []domain.Limit) []rateLimitBody {
	bodies := make([]rateLimitBody, len(limits))
	for i, l := range limits {
		bodies[i] = rateLimitBody{Name: l.Name, Limit: l.Max, WindowSeconds: l.Window.Seconds()}
	}
	return bodies
}

// toQuota returns nil for no quota.
func toQuota(quota domain.Limit) *quotaBody {
	if quota == (domain.Limit{}) {
		return nil
	}
	return &quotaBody{Limit: quota.Max, Period: quota.Window.Period()}
}

// decodeRateLimits reads and validates rate limits, so that the faults of one entry are
// listed together: in the order of its members as sent, with missing ones last. Entries
// beyond the allowed number are not read.
func decodeRateLimits(v jsontext.Value) ([]domain.RateLimitSpec, domain.Faults) {
	if v.Kind() != '[' {
		return nil, form.Fault("", domain.ReasonType, form.RuleTypeObjectList)
	}
	var specs []domain.RateLimitSpec
	var entries []form.Body
	var tooMany domain.Faults
	for i, entry := range form.Elements(v) {
		if i == domain.MaxRateLimits {
			tooMany = form.Fault("", domain.ReasonTooMany, domain.RuleRateLimitsTooMany)
			break
		}
		spec, read := toRateLimitSpec(entry)
		specs, entries = append(specs, spec), append(entries, read)
	}
	_, values := domain.ParseRateLimits(specs)
	var faults domain.Faults
	for i, entry := range entries {
		at := "[" + strconv.Itoa(i) + "]"
		if !entry.IsObject() {
			faults = append(faults, form.Fault(at, domain.ReasonType, RuleTypeQuestion)...)
			continue
		}
		faults = append(faults, entry.With(within(at+".", values)).At(at+".")...)
	}
	if faults = append(faults, tooMany...); faults != nil {
		return nil, faults
	}
	return specs, nil
}

// within returns the faults whose field begins with prefix, without it.
func within(prefix string, faults domain.Faults) (inside domain.Faults) {
	for _, f := range faults {
		if rest, ok := strings.CutPrefix(f.Field, prefix); ok {
			f.Field = rest
			inside = append(inside, f)
		}
	}
	return inside
}

func toRateLimitSpec(body jsontext.Value) (spec domain.RateLimitSpec, read form.Body) {
	read = form.DecodeBody(body, []form.Member{
		required("name", domain.RuleLimitNameLength, form.Into(&spec.Name, form.DecodeString)),
		required("limit", domain.RuleRateLimitRange, form.Into(&spec.Limit, form.DecodeInteger)),
		required("windowSeconds", domain.RuleWindowRange, form.Into(&spec.WindowSeconds, form.DecodeInteger)),
	})
	return spec, read
}

// decodeQuota reads and validates a quota, like decodeRateLimits.
func decodeQuota(v jsontext.Value) (spec domain.QuotaSpec, faults domain.Faults) {
	if v.Kind() != '{' {
		return spec, form.Fault("", domain.ReasonType, RuleTypeQuestion)
	}
	read := form.DecodeBody(v, []form.Member{
		required("limit", domain.RuleQuotaRange, form.Into(&spec.Limit, form.DecodeInteger)),
		required("period", domain.RulePeriod, form.Into(&spec.Period, decodePeriod)),
	})
	_, values := domain.ParseQuota(spec)
	if faults = read.With(values).At("."); faults != nil {
		return domain.QuotaSpec{}, faults
	}
	return spec, nil
}

// decodePeriod reads the period of a quota, which must not be empty.
func decodePeriod(v jsontext.Value) (string, domain.Faults) {
	period, faults := form.DecodeString(v)
	if faults == nil && period == "" {
		faults = form.Fault("", domain.ReasonLength, domain.RulePeriod)
	}
	return period, faults
}

// required returns a member that must be there and not null.
func required(name string, rule domain.Rule, decode func(jsontext.Value) domain.Faults) form.Member {
	return form.Member{Name: name, Missing: rule, Decode: func(v jsontext.Value) domain.Faults {
		if v.Kind() == 'n' {
			return form.Fault("", domain.ReasonRequired, rule)
		}
		return decode(v)
	}}
}
