package sqlkit

import (
	"bytes"
	"encoding/json"

	"github.com/slaunchx/apikeys/domain"
)

// rateLimitJSON is the stored form of a rate limit.
type rateLimitJSON struct {
	Name          string `json:"name"`
	Limit         int64  `json:"limit"`
	WindowSeconds int64  `json:"window_seconds"`
}

// quotaJSON is the stored form of a quota.
type quotaJSON struct {
	Limit  int64  `json:"limit"`
	Period string `json:"period"`
}

func encodeRateLimits(limits []domain.Limit) (string, error) {
	stored := make([]rateLimitJSON, len(limits))
	for i, l := range limits {
		stored[i] = rateLimitJSON{Name: l.Name, Limit: l.Max, WindowSeconds: l.Window.Seconds()}
	}
	encoded, err := json.Marshal(stored)
	return string(encoded), err
}

// decodeRateLimits returns faults if any of the rate limits is unreadable. It rejects a
// JSON null, because treating it as an empty array would remove a restriction.
func decodeRateLimits(stored string) ([]domain.Limit, domain.Faults) {
	if stored == "[]" {
		return nil, nil
	}
	var limits []rateLimitJSON
	if !decodeStrictly(stored, &limits) || limits == nil {
		return nil, domain.Faults{{Reason: domain.ReasonType}}
	}
	specs := make([]domain.RateLimitSpec, len(limits))
	for i, l := range limits {
		specs[i] = domain.RateLimitSpec(l)
	}
	return domain.ParseRateLimits(specs)
}

// encodeQuota returns nil for no quota.
func encodeQuota(quota domain.Limit) (*string, error) {
	if quota == (domain.Limit{}) {
		return nil, nil
	}
	encoded, err := json.Marshal(quotaJSON{Limit: quota.Max, Period: string(quota.Window.Period())})
	return new(string(encoded)), err
}

// decodeQuota returns faults if the quota is unreadable.
func decodeQuota(stored string) (domain.Limit, domain.Faults) {
	var quota quotaJSON
	if !decodeStrictly(stored, &quota) {
		return domain.Limit{}, domain.Faults{{Reason: domain.ReasonType}}
	}
	return domain.ParseQuota(domain.QuotaSpec(quota))
}

// decodeStrictly decodes stored into v and reports whether that was possible. It
// rejects unknown members, because one that a later build stores may restrict the key
// in a way that this build does not know.
func decodeStrictly(stored string, v any) bool {
	decoder := json.NewDecoder(bytes.NewBufferString(stored))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v) == nil && !decoder.More()
}

// quotaOf returns the quota of a column, or none if it is NULL.
func quotaOf(r *reading, f Field[string]) domain.Limit {
	if !f.unreadable && !f.Valid {
		return domain.Limit{}
	}
	return parsed(r, domain.PartQuota, f, decodeQuota)
}
