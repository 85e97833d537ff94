package acceptance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
)

// ask is the request of an operation. In path and body $id stands for the key,
// $mode for the mode and $number for its number.
type ask struct {
	method, path, body string
	keyless            bool // the request names no key
}

// asks are the operations, by their names in the document.
var asks = map[string]ask{
	"createKey":  {method: http.MethodPost, body: `{"name":"k","mode":$number}`, keyless: true},
	"listKeys":   {method: http.MethodGet, path: "?mode=$mode", keyless: true},
	"getKey":     {method: http.MethodGet, path: "/$id"},
	"updateKey":  {method: http.MethodPatch, path: "/$id", body: `{"name":"renamed"}`},
	"disableKey": {method: http.MethodPost, path: "/$id/disable"},
	"enableKey":  {method: http.MethodPost, path: "/$id/enable"},
	"rotateKey":  {method: http.MethodPost, path: "/$id/rotate"},
	"deleteKey":  {method: http.MethodPost, path: "/delete", body: `{"keyId":"$id"}`},
	"listEvents": {method: http.MethodGet, path: "/$id/events"},
	"showUsage":  {method: http.MethodGet, path: "/$id/usage"},
	"showLimits": {method: http.MethodGet, path: "/$id/limits"},
}

// own and foreign are the workspaces of a situation. Each operation and role
// has its own, so that none affects another.
func (s situation) own() string     { return "own-" + s.operation + "-" + s.role }
func (s situation) foreign() string { return "foreign-" + s.operation + "-" + s.role }

// spelling returns the workspaces of path, header and key.
func (s situation) spelling() (path, header, key string) {
	switch s.where {
	case "foreign":
		return s.foreign(), s.foreign(), s.foreign()
	case "foreign-path":
		return s.foreign(), s.own(), s.foreign()
	case "foreign-header":
		return s.own(), s.foreign(), s.own()
	case "foreign-key":
		return s.own(), s.own(), s.foreign()
	}
	return s.own(), s.own(), s.own()
}

// tokenFor returns the token of a situation.
func (w *world) tokenFor(t *testing.T, s situation) string {
	t.Helper()
	return w.token(t, portal(s.portal), func(c *jwttest.Claims) {
		c.Workspaces = map[string]string{s.own(): s.role}
		if s.role == "none" {
			c.Workspaces = nil
		}
	})
}

// asked returns the request of a case.
func (w *world) asked(c matrixCase) request {
	number := map[string]string{"LIVE": "1", "TEST": "2"}[c.mode]
	filled := strings.NewReplacer("$id", c.id, "$mode", c.mode, "$number", number)
	path, header, _ := c.spelling()
	ask := asks[c.operation]
	return request{
		method: ask.method,
		url:    w.public + "/web/v1/workspaces/" + path + "/api-keys" + filled.Replace(ask.path),
		body:   filled.Replace(ask.body),
		header: http.Header{
			"Authorization":  {"Bearer " + c.token},
			"Content-Type":   {"application/json"},
			"X-Client-Hash":  {clientHash},
			"X-Workspace-Id": {header},
		},
	}
}
