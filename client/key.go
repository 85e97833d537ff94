package client

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/slaunchx/apikeys/client/internal/api"
	"github.com/slaunchx/apikeys/domain"
)

type (
	// KeySpec describes a new key.
	KeySpec = domain.KeySpec
	// KeyPatch describes a change of a key. Nil fields are left unchanged.
	KeyPatch = domain.KeyPatch
	// RateLimitSpec is a rate limit of a key.
	RateLimitSpec = domain.RateLimitSpec
	// QuotaSpec is the quota of a key. The zero value means none.
	QuotaSpec = domain.QuotaSpec
	// Secret is the secret of a key. Formatting, logging or marshalling it yields
	// a placeholder; Reveal returns its text.
	Secret = domain.Secret
)

// Key is a key as its owner sees it.
type Key struct {
	ID          domain.KeyID
	Name        string
	Status      domain.Status
	Mode        domain.Mode // 0 if this version does not know it
	Scopes      []string    // without scopes a key has no access
	IPWhitelist []string    // empty means no restriction
	CreatedAt   time.Time
	CreatedBy   string    // the account's ID; not in the response to CreateKey
	LastUsedAt  time.Time // zero if the key was never used
	ExpiresAt   time.Time // zero if the key never expires
	RateLimits  []RateLimitSpec
	Quota       QuotaSpec // the zero value means none
	// ETag identifies the state of the key for [IfMatch]. Only GetKey and
	// UpdateKey return it.
	ETag string
}

// CreatedKey is a key with the only copy of its new secret.
type CreatedKey struct {
	Key    Key
	Secret Secret
}

// Replayed is the error for a new key or secret that an earlier request with the same
// idempotency key has created. The change was made, but only the earlier response
// contained the secret. If that response was lost, rotate the key.
type Replayed struct {
	Key Key
}

func (*Replayed) Error() string {
	return "client: an earlier request with the same idempotency key made the change, and only its response had the secret"
}

// KeyQuery selects keys and a page of them. The zero value is the first page of
// all living keys, newest first.
type KeyQuery struct {
	Status domain.Status // empty means any
	Mode   domain.Mode   // 0 means any
	Name   string        // a part of the name; empty means any
	Order  domain.Order
	Number int // of the page, from 0
	Size   int // of the page, 1 to 100; 0 means 20
}

// KeyPage is one page of keys.
type KeyPage struct {
	Keys  []Key
	Total int // of all pages
}

func (q KeyQuery) values() url.Values {
	values := pageValues(q.Number, q.Size)
	set(values, "status", string(q.Status))
	set(values, "mode", q.Mode.String())
	set(values, "q", q.Name)
	if q.Order != (domain.Order{}) {
		by, direction := "createdAt", "desc"
		if q.Order.By == domain.ByName {
			by = "name"
		}
		if q.Order.Ascending {
			direction = "asc"
		}
		values.Set("sort", by+","+direction)
	}
	return values
}

func pageValues(number, size int) url.Values {
	values := url.Values{}
	if number != 0 {
		values.Set("page", strconv.Itoa(number))
	}
	if size != 0 {
		values.Set("size", strconv.Itoa(size))
	}
	return values
}

func set(values url.Values, name, value string) {
	if value != "" {
		values.Set(name, value)
	}
}

func newKeyOf(spec KeySpec) api.NewKey {
	body := api.NewKey{Name: spec.Name}
	if spec.Mode != 0 {
		mode := api.GivenMode(spec.Mode)
		body.Mode = &mode
	}
	if len(spec.Scopes) > 0 {
		body.Scopes = &spec.Scopes
	}
	if len(spec.IPWhitelist) > 0 {
		body.IPWhitelist = &spec.IPWhitelist
	}
	if !spec.ExpiresAt.IsZero() {
		body.ExpiresAt = &spec.ExpiresAt
	}
	if len(spec.RateLimits) > 0 {
		body.RateLimits = rateLimitsOf(spec.RateLimits)
	}
	if spec.Quota != (QuotaSpec{}) {
		body.Quota = &api.Quota{Limit: spec.Quota.Limit, Period: api.Period(spec.Quota.Period)}
	}
	return body
}

// rateLimitsOf returns the limits in the form of a request. An empty list is sent as
// [].
func rateLimitsOf(specs []RateLimitSpec) *[]api.RateLimit {
	limits := make([]api.RateLimit, len(specs))
	for i, spec := range specs {
		limits[i] = api.RateLimit{Name: spec.Name, Limit: spec.Limit, WindowSeconds: spec.WindowSeconds}
	}
	return &limits
}

// limitsOf returns the limits of a response; both may be nil.
func limitsOf(limits []api.RateLimit, quota *api.Quota) (specs []RateLimitSpec, q QuotaSpec) {
	for _, limit := range limits {
		specs = append(specs, RateLimitSpec{Name: limit.Name, Limit: limit.Limit, WindowSeconds: limit.WindowSeconds})
	}
	if quota != nil {
		q = QuotaSpec{Limit: quota.Limit, Period: string(quota.Period)}
	}
	return specs, q
}

// patchOf returns the merge patch (RFC 7396) for patch. An empty list is sent as
// [], which clears the list like null.
func patchOf(patch KeyPatch) (api.KeyPatch, error) {
	body := api.KeyPatch{Name: patch.Name, Scopes: notNil(patch.Scopes), IPWhitelist: notNil(patch.IPWhitelist)}
	switch {
	case patch.ExpiresAt == nil:
	case patch.ExpiresAt.IsZero():
		body.ExpiresAt = json.RawMessage("null")
	default:
		var err error
		if body.ExpiresAt, err = json.Marshal(patch.ExpiresAt); err != nil {
			return api.KeyPatch{}, fmt.Errorf("client: ExpiresAt: %w", err)
		}
	}
	if patch.RateLimits != nil {
		body.RateLimits = rateLimitsOf(*patch.RateLimits)
	}
	switch {
	case patch.Quota == nil:
	case *patch.Quota == (QuotaSpec{}):
		body.Quota = json.RawMessage("null")
	default:
		var err error
		if body.Quota, err = json.Marshal(api.Quota{Limit: patch.Quota.Limit, Period: api.Period(patch.Quota.Period)}); err != nil {
			return api.KeyPatch{}, fmt.Errorf("client: Quota: %w", err)
		}
	}
	return body, nil
}

func notNil(list *[]string) *[]string {
	if list != nil && *list == nil {
		return &[]string{}
	}
	return list
}

func keyPageOf(page api.KeyPage) KeyPage {
	keys := make([]Key, len(page.Items))
	for i, key := range page.Items {
		keys[i] = keyOf(key)
	}
	return KeyPage{Keys: keys, Total: page.Total}
}

func keyOf(key api.Key) Key {
	rateLimits, quota := limitsOf(key.RateLimits, key.Quota)
	return Key{
		RateLimits:  rateLimits,
		Quota:       quota,
		ID:          domain.KeyID(key.APIKeyID),
		Name:        key.Name,
		Status:      domain.Status(key.Status),
		Mode:        modeOf(key.Mode),
		Scopes:      key.Scopes,
		IPWhitelist: key.IPWhitelist,
		CreatedAt:   key.CreatedAt.UTC(),
		CreatedBy:   key.CreatedBy,
		LastUsedAt:  instant(key.LastUsedAt),
		ExpiresAt:   instant(key.ExpiresAt),
	}
}

// withSecret adds the secret of a response, which must be that of the key.
func withSecret(key Key, text *string, head head) (CreatedKey, error) {
	if text == nil && head.replayed {
		return CreatedKey{}, &Replayed{Key: key}
	}
	if text == nil {
		return CreatedKey{}, errNotManagement
	}
	secret, err := domain.ParseSecret(*text)
	if err != nil || secret.KeyID() != key.ID {
		return CreatedKey{}, errNotManagement
	}
	return CreatedKey{Key: key, Secret: secret}, nil
}

func modeOf(name api.Mode) domain.Mode {
	mode, _ := domain.ParseModeName(string(name))
	return mode
}

// instant returns the zero time for nil.
func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
