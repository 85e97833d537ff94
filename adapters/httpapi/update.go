package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// updateKey serves PATCH on one key, a JSON merge patch (RFC 7396).
func (a *API) updateKey(x *exchange, ws *application.Workspace) error {
	body, err := form.ReadJSON(x.Response().Writer, x.Request(), maxBody)
	if err != nil {
		return err
	}
	patch, read := toKeyPatch(body)
	if read.Faults != nil {
		_, faults := patch.Revision(a.options.Now())
		return read.With(faults).Err()
	}
	id, err := x.keyInPath()
	if err != nil {
		return err
	}
	key, err := carryOut(x, func(ctx context.Context) (*domain.APIKey, error) {
		return ws.UpdateKey(ctx, id, patch, expectedTags(x.Request().Header))
	})
	if err != nil {
		return read.Sorted(err)
	}
	return showKey(x, key)
}

// showKey responds with a key and the entity tag of its state.
func showKey(x *exchange, key *domain.APIKey) error {
	x.Response().Header().Set("ETag", `"`+key.Tag()+`"`)
	return x.succeed(http.StatusOK, toKeyBody(key, x.api.options.Now()))
}

// toKeyPatch reads a JSON merge patch: an absent member changes nothing, null
// clears.
func toKeyPatch(body jsontext.Value) (patch domain.KeyPatch, read form.Body) {
	read = form.DecodeBody(body, []form.Member{
		{Name: "name", Decode: changeable(&patch.Name, form.DecodeString)},
		{Name: "scopes", Decode: clearable(&patch.Scopes, form.DecodeStrings)},
		{Name: "ipWhitelist", Decode: clearable(&patch.IPWhitelist, form.DecodeStrings)},
		{Name: "expiresAt", Decode: clearable(&patch.ExpiresAt, decodeTime)},
		{Name: "rateLimits", Decode: clearable(&patch.RateLimits, decodeRateLimits)},
		{Name: "quota", Decode: clearable(&patch.Quota, decodeQuota)},
	})
	return patch, read
}

// changeable decodes into a new value of dst.
func changeable[T any](dst **T, decode func(jsontext.Value) (T, domain.Faults)) func(jsontext.Value) domain.Faults {
	return func(v jsontext.Value) domain.Faults {
		*dst = new(T)
		return form.Into(*dst, decode)(v)
	}
}

// clearable is [changeable] with a value that stays zero for null.
func clearable[T any](dst **T, decode func(jsontext.Value) (T, domain.Faults)) func(jsontext.Value) domain.Faults {
	return func(v jsontext.Value) domain.Faults {
		if v.Kind() == 'n' {
			*dst = new(T)
			return nil
		}
		return changeable(dst, decode)(v)
	}
}

// expectedTags reads If-Match (RFC 9110 section 13.1.1). It returns nil if any
// state matches. Weak tags and malformed ones match nothing. Neither does a *
// together with tags, which must not cancel them.
func expectedTags(h http.Header) []string {
	values := h.Values("If-Match")
	if len(values) == 0 || len(values) == 1 && values[0] == "*" {
		return nil
	}
	tags := []string{}
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		item = strings.TrimSpace(item)
		if len(item) >= 2 && item[0] == '"' && item[len(item)-1] == '"' {
			tags = append(tags, item[1:len(item)-1])
		}
	}
	return tags
}
