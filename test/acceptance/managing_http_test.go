package acceptance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
)

// overHTTP manages keys like a portal.
type overHTTP struct{ *world }

func sortedCopy(in []string) []string { return slices.Sorted(slices.Values(in)) }

// ask sends a valid request of the caller, without a body if body is nil.
func (h overHTTP) ask(t *testing.T, by caller, method, rest string, body map[string]any, changes ...func(*request)) answer {
	t.Helper()
	text := ""
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	token := h.token(t, func(c *jwttest.Claims) {
		c.Account, c.Portal, c.Workspaces = by.account, by.portal, map[string]string{by.workspace: by.role}
	})
	r := h.world.create(t, text, append(changes, as(token), set("X-Workspace-Id", by.workspace))...)
	r.method, r.url = method, h.public+"/web/v1/workspaces/"+by.workspace+"/api-keys"+rest
	return do(t, r)
}

// under sets an idempotency key, if there is one.
func under(key string) func(*request) {
	return func(r *request) {
		if key != "" {
			idempotencyKey(key)(r)
		}
	}
}

// said returns the outcome of the operation; a 204 contains no code.
func (a answer) said(t *testing.T) done {
	t.Helper()
	code := "2000"
	if a.status != http.StatusNoContent {
		code = a.fields(t)["code"].(string)
	}
	return done{code: code, replayed: a.header.Get("Idempotent-Replayed") == "true"}
}

func (a answer) key(t *testing.T) (k seenKey) {
	t.Helper()
	if a.status >= http.StatusBadRequest {
		return k
	}
	data := a.data(t)
	text := func(name string) string { s, _ := data[name].(string); return s }
	texts := func(name string) (list []string) {
		for _, entry := range data[name].([]any) {
			list = append(list, entry.(string))
		}
		return list
	}
	return seenKey{
		ID: text("apiKeyId"), Secret: text("secret"), Name: text("name"), Status: text("status"), Mode: text("mode"),
		CreatedBy: text("createdBy"), ExpiresAt: text("expiresAt"), Scopes: texts("scopes"), IPWhitelist: texts("ipWhitelist"),
	}
}

func (h overHTTP) create(t *testing.T, by caller, w wish) (seenKey, done) {
	body := w.members()
	if w.mode == "TEST" {
		body["mode"] = 2
	}
	a := h.ask(t, by, http.MethodPost, "", body, under(w.idempotencyKey))
	return a.key(t), a.said(t)
}

// members returns the members of a body, except the mode.
func (w wish) members() map[string]any {
	body := map[string]any{}
	if w.name != "" {
		body["name"] = w.name
	}
	if w.scopes != nil {
		body["scopes"] = w.scopes
	}
	if w.ipWhitelist != nil {
		body["ipWhitelist"] = w.ipWhitelist
	}
	if w.expiresAt != "" {
		body["expiresAt"] = w.expiresAt
	}
	return body
}

func (h overHTTP) get(t *testing.T, by caller, id string) (seenKey, string, done) {
	a := h.ask(t, by, http.MethodGet, "/"+id, nil)
	return a.key(t), strings.Trim(a.header.Get("ETag"), `"`), a.said(t)
}

func (h overHTTP) list(t *testing.T, by caller, status, part string) ([]string, done) {
	query := url.Values{}
	if status != "" {
		query.Set("status", status)
	}
	if part != "" {
		query.Set("q", part)
	}
	a := h.ask(t, by, http.MethodGet, "?"+query.Encode(), nil)
	if a.status != http.StatusOK {
		return nil, a.said(t)
	}
	names, _ := a.named(t)
	return names, a.said(t)
}

func (h overHTTP) update(t *testing.T, by caller, id string, w wish) (seenKey, done) {
	a := h.ask(t, by, http.MethodPatch, "/"+id, w.members(), func(r *request) {
		if w.seen != "" {
			r.header.Set("If-Match", `"`+w.seen+`"`)
		}
	})
	return a.key(t), a.said(t)
}

func (h overHTTP) rotate(t *testing.T, by caller, id string, w wish) (seenKey, done) {
	a := h.ask(t, by, http.MethodPost, "/"+id+"/rotate", map[string]any{"gracePeriodSeconds": w.grace}, under(w.idempotencyKey))
	return a.key(t), a.said(t)
}

func (h overHTTP) disable(t *testing.T, by caller, id, idempotencyKey string) done {
	return h.ask(t, by, http.MethodPost, "/"+id+"/disable", nil, under(idempotencyKey)).said(t)
}

func (h overHTTP) enable(t *testing.T, by caller, id, idempotencyKey string) done {
	return h.ask(t, by, http.MethodPost, "/"+id+"/enable", nil, under(idempotencyKey)).said(t)
}

func (h overHTTP) remove(t *testing.T, by caller, id, idempotencyKey string) done {
	return h.ask(t, by, http.MethodPost, "/delete", map[string]any{"keyId": id}, under(idempotencyKey)).said(t)
}

func (h overHTTP) events(t *testing.T, by caller, id string) ([]string, done) {
	a := h.ask(t, by, http.MethodGet, "/"+id+"/events", nil)
	if a.status != http.StatusOK {
		return nil, a.said(t)
	}
	return a.types(t), a.said(t)
}
