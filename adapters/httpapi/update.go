package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// updateKey serves PATCH on one key, a JSON merge patch (RFC 7396).
func (a *API) updateKey(x *exchange, owner application.Owner) error {
	body, err := readJSON(x.Response().Writer, x.Request(), maxBody)
	if err != nil {
		return err
	}
	revision, faults := toRevision(body, a.Now())
	if faults != nil {
		return faults.Err()
	}
	id, err := x.keyInPath()
	if err != nil {
		return err
	}
	key, err := carryOut(x, func(ctx context.Context) (*domain.APIKey, error) {
		return a.UpdateKey.Do(ctx, owner, id, revision, expectedTags(x.Request().Header))
	})
	if err != nil {
		return err
	}
	return x.show(key)
}

// show answers with a key and the entity tag of its state.
func (x *exchange) show(key *domain.APIKey) error {
	x.Response().Header().Set("ETag", `"`+key.Tag()+`"`)
	return x.succeed(http.StatusOK, toKeyBody(key, x.api.Now()))
}

// toRevision reads a merge patch: what is absent stays, null clears.
func toRevision(body jsontext.Value, now time.Time) (domain.Revision, domain.Faults) {
	if body.Kind() != '{' {
		return domain.Revision{}, refused("", domain.ReasonType, RuleTypeObject)
	}
	var r domain.Revision
	faults := decodeObject(body, []member{
		{name: "name", decode: func(v jsontext.Value) domain.Faults {
			r.Name = new(domain.Name)
			return text(r.Name, domain.ParseName)(v)
		}},
		{name: "scopes", decode: clearable(&r.Scopes, func(v jsontext.Value, dst *domain.ScopeSet) domain.Faults {
			return list(v, dst, domain.ParseScope, domain.NewScopeSet)
		})},
		{name: "ipWhitelist", decode: clearable(&r.IPWhitelist, func(v jsontext.Value, dst *domain.IPWhitelist) domain.Faults {
			return list(v, dst, domain.ParseIPRange, domain.NewIPWhitelist)
		})},
		{name: "expiresAt", decode: clearable(&r.ExpiresAt, func(v jsontext.Value, dst *time.Time) domain.Faults {
			return text(dst, func(s string) (time.Time, domain.Faults) { return domain.ParseExpiry(s, now) })(v)
		})},
	})
	return r, faults
}

// clearable sets dst to a new value, which stays zero for null.
func clearable[T any](dst **T, decode func(jsontext.Value, *T) domain.Faults) func(jsontext.Value) domain.Faults {
	return func(v jsontext.Value) domain.Faults {
		*dst = new(T)
		if v.Kind() == 'n' {
			return nil
		}
		return decode(v, *dst)
	}
}

// expectedTags reads If-Match (RFC 9110 section 13.1.1): nil when any state
// will do. A weak tag, and what is no tag, matches nothing; so does a * that
// does not stand alone, which must not undo what stands beside it.
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
