package httpapi

import (
	"net/netip"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// createdKey is the data of a 201, in the contract's order.
type createdKey struct {
	APIKeyID    domain.KeyID   `json:"apiKeyId"`
	Secret      string         `json:"secret,omitempty"` // only in the first response
	Name        string         `json:"name"`
	Status      domain.Status  `json:"status"`
	Mode        string         `json:"mode"`
	Scopes      []domain.Scope `json:"scopes"`
	IPWhitelist []string       `json:"ipWhitelist"`
	CreatedAt   string         `json:"createdAt"`
	ExpiresAt   string         `json:"expiresAt,omitempty"`
	// An empty list counts as not requested.
	RateLimits []rateLimitBody `json:"rateLimits,omitempty"`
	Quota      *quotaBody      `json:"quota,omitempty"`
}

func toCreatedKey(created application.CreatedKey, now time.Time) createdKey {
	s := created.Key.Snapshot()
	body := createdKey{
		APIKeyID:    s.ID,
		Secret:      created.Secret.Reveal(),
		Name:        s.Name.String(),
		Status:      created.Key.Status(now),
		Mode:        s.Mode.String(),
		Scopes:      scopeList(s.Scopes),
		IPWhitelist: rangeList(s.IPWhitelist),
		CreatedAt:   rfc3339(s.CreatedAt),
		RateLimits:  toRateLimits(s.RateLimits),
		Quota:       toQuota(s.Quota),
	}
	if !s.ExpiresAt.IsZero() {
		body.ExpiresAt = rfc3339(s.ExpiresAt)
	}
	return body
}

// keyBody is a key without its secret, in the contract's order.
type keyBody struct {
	APIKeyID domain.KeyID `json:"apiKeyId"`
	keyAttributes
}

// keyAttributes are the members after a key's identifier and a new secret.
type keyAttributes struct {
	Name        string          `json:"name"`
	Status      domain.Status   `json:"status"`
	Mode        string          `json:"mode"`
	Permissions []domain.Scope  `json:"permissions"` // the same list as Scopes, for clients of either document
	Scopes      []domain.Scope  `json:"scopes"`
	IPWhitelist []string        `json:"ipWhitelist"`
	CreatedAt   string          `json:"createdAt"`
	LastUsedAt  *string         `json:"lastUsedAt"`
	CreatedBy   string          `json:"createdBy"`
	ExpiresAt   *string         `json:"expiresAt"`
	RateLimits  []rateLimitBody `json:"rateLimits"`
	Quota       *quotaBody      `json:"quota"`
}

func toKeyBody(key *domain.APIKey, now time.Time) keyBody {
	s := key.Snapshot()
	return keyBody{APIKeyID: s.ID, keyAttributes: keyAttributes{
		Name:        s.Name.String(),
		Status:      key.Status(now),
		Mode:        s.Mode.String(),
		Permissions: scopeList(s.Scopes),
		Scopes:      scopeList(s.Scopes),
		IPWhitelist: rangeList(s.IPWhitelist),
		CreatedAt:   rfc3339(s.CreatedAt),
		LastUsedAt:  orNull(s.LastUsedAt),
		CreatedBy:   s.CreatedBy,
		ExpiresAt:   orNull(s.ExpiresAt),
		RateLimits:  toRateLimits(s.RateLimits),
		Quota:       toQuota(s.Quota),
	}}
}

// orNull returns nil for the zero time.
func orNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	at := rfc3339(t)
	return &at
}

// rangeList is never nil: an empty list is written [].
func rangeList(w domain.IPWhitelist) []string {
	list := []string{}
	for _, r := range w.Ranges() {
		list = append(list, r.String())
	}
	return list
}

// toKeySpec reads the body of a create.
func toKeySpec(body jsontext.Value) (spec domain.KeySpec, read form.Body) {
	read = form.DecodeBody(body, []form.Member{
		{Name: "name", Missing: domain.RuleNameLength, Decode: form.Into(&spec.Name, form.DecodeString)},
		{Name: "scopes", Nullable: true, Decode: form.Into(&spec.Scopes, form.DecodeStrings)},
		{Name: "mode", Nullable: true, Decode: form.Into(&spec.Mode, decodeMode)},
		{Name: "ipWhitelist", Nullable: true, Decode: form.Into(&spec.IPWhitelist, form.DecodeStrings)},
		{Name: "expiresAt", Nullable: true, Decode: form.Into(&spec.ExpiresAt, decodeTime)},
		{Name: "rateLimits", Nullable: true, Decode: form.Into(&spec.RateLimits, decodeRateLimits)},
		{Name: "quota", Nullable: true, Decode: form.Into(&spec.Quota, decodeQuota)},
	})
	return spec, read
}

// decodeMode decodes a mode, which is a number in requests. If a client sends a name,
// as in responses, the fault states the number.
func decodeMode(v jsontext.Value) (domain.Mode, domain.Faults) {
	number, faults := form.DecodeInteger(v)
	if faults != nil {
		return 0, form.Fault("", domain.ReasonType, RuleTypeMode)
	}
	return domain.ParseMode(number)
}

func decodeTime(v jsontext.Value) (time.Time, domain.Faults) {
	s, faults := form.DecodeString(v)
	if faults != nil {
		return time.Time{}, faults
	}
	return domain.ParseExpiry(s)
}

// toCheck reads one permission check.
func toCheck(body jsontext.Value) (domain.Check, domain.Faults) {
	var check domain.Check
	faults := form.DecodeObject(body, checkMembers(&check))
	return check, faults
}

// checkMembers returns the members of one permission check, which are read into
// check.
func checkMembers(check *domain.Check) []form.Member {
	return []form.Member{
		{Name: "key", Missing: RuleKeyRequired, Decode: form.Into(&check.Secret, decodeSecret)},
		{Name: "scopes", Nullable: true, Decode: form.Into(&check.Scopes, decodeScopes)},
		{Name: "ip", Nullable: true, Decode: form.Into(&check.Addr, decodeAddr)},
		{Name: "cost", Nullable: true, Decode: form.Into(&check.Cost, decodeCost)},
	}
}

// decodeSecret decodes a secret. It returns the zero secret for a malformed one, so
// that the caller gets NOT_FOUND like any other caller that has proven nothing.
func decodeSecret(v jsontext.Value) (domain.Secret, domain.Faults) {
	s, faults := form.DecodeString(v)
	if faults != nil {
		return domain.Secret{}, faults
	}
	return secretOrZero(s), nil
}

// decodeScopes reads the scopes that a check requests. They need not be well
// formed, because no key holds a malformed one.
func decodeScopes(v jsontext.Value) ([]domain.Scope, domain.Faults) {
	return form.DecodeList(v, func(s string) (domain.Scope, domain.Faults) { return domain.Scope(s), nil })
}

// decodeAddr reads the address of a client; "" means that it is unknown.
func decodeAddr(v jsontext.Value) (netip.Addr, domain.Faults) {
	s, faults := form.DecodeString(v)
	if faults != nil || s == "" {
		return netip.Addr{}, faults
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, form.Fault("", domain.ReasonFormat, RuleCheckIPFormat)
	}
	return addr, nil
}

// decodeCost reads the cost of a check.
func decodeCost(v jsontext.Value) (domain.Cost, domain.Faults) {
	n, faults := form.DecodeInteger(v)
	if faults != nil {
		return domain.Cost{}, faults
	}
	return domain.ParseCost(n)
}

// scopeList is never nil: an empty list is written [].
func scopeList(s domain.ScopeSet) []domain.Scope {
	return append([]domain.Scope{}, s.Codes()...)
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
