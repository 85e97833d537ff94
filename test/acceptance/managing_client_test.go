package acceptance

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	goclient "github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

// overHTTP manages keys with the Go client, like a portal.
type overHTTP struct{ *world }

func sortedCopy(in []string) []string { return slices.Sorted(slices.Values(in)) }

// replays notes whether the last response was a replay, which the client does not
// report for changes without a secret.
type replays struct{ last bool }

// RoundTrip implements http.RoundTripper.
func (r *replays) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := checked.RoundTrip(req)
	r.last = err == nil && res.Header.Get("Idempotent-Replayed") == "true"
	return res, err
}

// as calls f with the workspace of the caller and returns the outcome.
func (h overHTTP) as(t *testing.T, by caller, f func(ws *goclient.Workspace) error) done {
	t.Helper()
	transport := new(replays)
	ws := h.managed(t, transport, by.workspace, func(c *jwttest.Claims) {
		c.Account, c.Portal, c.Workspaces = by.account, by.portal, map[string]string{by.workspace: by.role}
	})
	err := f(ws)
	_, replayed := errors.AsType[*goclient.Replayed](err)
	if err == nil || replayed {
		return done{code: "2000", replayed: transport.last}
	}
	return done{code: codeOf(t, err)}
}

// under returns the option for an idempotency key, if there is one.
func under(key string) []goclient.ChangeOption {
	if key == "" {
		return nil
	}
	return []goclient.ChangeOption{goclient.WithIdempotencyKey(key)}
}

func (h overHTTP) create(t *testing.T, by caller, w wish) (k seenKey, d done) {
	d = h.as(t, by, func(ws *goclient.Workspace) error {
		created, err := ws.CreateKey(t.Context(), spec(t, w), under(w.idempotencyKey)...)
		k = received(created, err)
		return err
	})
	return k, d
}

// received returns the result of a create or a rotate, which may be a replay.
func received(created goclient.CreatedKey, err error) seenKey {
	if before, replayed := errors.AsType[*goclient.Replayed](err); replayed {
		return shown(before.Key)
	}
	k := shown(created.Key)
	k.Secret = created.Secret.Reveal()
	return k
}

func shown(key goclient.Key) seenKey {
	k := seenKey{
		ID: string(key.ID), Name: key.Name, Status: string(key.Status), Mode: key.Mode.String(), CreatedBy: key.CreatedBy,
		Scopes: slices.Concat(key.Scopes), IPWhitelist: slices.Concat(key.IPWhitelist),
	}
	if !key.ExpiresAt.IsZero() {
		k.ExpiresAt = key.ExpiresAt.Format(time.RFC3339)
	}
	return k
}

func (h overHTTP) get(t *testing.T, by caller, id string) (k seenKey, tag string, d done) {
	d = h.as(t, by, func(ws *goclient.Workspace) error {
		key, err := ws.GetKey(t.Context(), domain.KeyID(id))
		k, tag = shown(key), strings.Trim(key.ETag, `"`)
		return err
	})
	return k, tag, d
}

func (h overHTTP) list(t *testing.T, by caller, status, part string) (names []string, d done) {
	d = h.as(t, by, func(ws *goclient.Workspace) error {
		page, err := ws.ListKeys(t.Context(), goclient.KeyQuery{Status: domain.Status(status), Name: part})
		for _, key := range page.Keys {
			names = append(names, key.Name)
		}
		return err
	})
	return names, d
}

func (h overHTTP) update(t *testing.T, by caller, id string, w wish) (k seenKey, d done) {
	var options []goclient.ChangeOption
	if w.seen != "" {
		options = append(options, goclient.IfMatch(`"`+w.seen+`"`))
	}
	d = h.as(t, by, func(ws *goclient.Workspace) error {
		key, err := ws.UpdateKey(t.Context(), domain.KeyID(id), patch(t, w), options...)
		k = shown(key)
		return err
	})
	return k, d
}

func (h overHTTP) rotate(t *testing.T, by caller, id string, w wish) (k seenKey, d done) {
	d = h.as(t, by, func(ws *goclient.Workspace) error {
		rotated, err := ws.RotateKey(t.Context(), domain.KeyID(id), time.Duration(w.grace)*time.Second, under(w.idempotencyKey)...)
		k = received(rotated, err)
		return err
	})
	return k, d
}

func (h overHTTP) disable(t *testing.T, by caller, id, idempotencyKey string) done {
	return h.as(t, by, func(ws *goclient.Workspace) error {
		return ws.DisableKey(t.Context(), domain.KeyID(id), under(idempotencyKey)...)
	})
}

func (h overHTTP) enable(t *testing.T, by caller, id, idempotencyKey string) done {
	return h.as(t, by, func(ws *goclient.Workspace) error {
		return ws.EnableKey(t.Context(), domain.KeyID(id), under(idempotencyKey)...)
	})
}

func (h overHTTP) remove(t *testing.T, by caller, id, idempotencyKey string) done {
	return h.as(t, by, func(ws *goclient.Workspace) error {
		return ws.DeleteKey(t.Context(), domain.KeyID(id), under(idempotencyKey)...)
	})
}

func (h overHTTP) events(t *testing.T, by caller, id string) (types []string, d done) {
	d = h.as(t, by, func(ws *goclient.Workspace) error {
		page, err := ws.ListEvents(t.Context(), domain.KeyID(id), 0, 0)
		for _, event := range page.Events {
			types = append(types, string(event.Type))
		}
		return err
	})
	return types, d
}
