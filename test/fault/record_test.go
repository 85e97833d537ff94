package fault

import (
	"net/http"
	"strings"
)

// record is the holder's view of one key.
type record struct {
	id, secret, name string
	events           []string // of acknowledged changes
	deleted          bool
	// doubtful means that a change got 503, and may have been made more than
	// once.
	doubtful bool
}

// change is a step in the life of a key.
type change struct {
	event  string
	method string
	path   string // follows the path of the key
	body   func(r *record) string
	status int
	reason string // of a check, once the change takes effect
}

// changes are made in this order. Only every second key is deleted.
var changes = []change{
	{"CREATED", http.MethodPost, "", func(r *record) string { return `{"name":"` + r.name + `","scopes":["a:b"]}` }, http.StatusCreated, "OK"},
	{"UPDATED", http.MethodPatch, "", func(r *record) string { return `{"name":"` + renamed(r.name) + `"}` }, http.StatusOK, "OK"},
	{"ROTATED", http.MethodPost, "/rotate", func(*record) string { return "" }, http.StatusOK, "OK"},
	{"DISABLED", http.MethodPost, "/disable", func(*record) string { return "" }, http.StatusOK, "DISABLED"},
	{"ENABLED", http.MethodPost, "/enable", func(*record) string { return "" }, http.StatusOK, "OK"},
	{"DELETED", http.MethodPost, "/delete", func(r *record) string { return `{"keyId":"` + r.id + `"}` }, http.StatusNoContent, "NOT_FOUND"},
}

// renamed has a unique length, and letters with case.
func renamed(name string) string { return strings.TrimSuffix(name, " renamed") + " renamed" }

func (r *record) url(w *world, c change) string {
	keys := w.public + "/web/v1/workspaces/" + workspace + "/api-keys"
	if c.event == "CREATED" || c.event == "DELETED" {
		return keys + c.path
	}
	return keys + "/" + r.id + c.path
}

// book records an acknowledged change, and returns the secret that it ended.
func (r *record) book(c change, a answer) (previous string) {
	r.events = append(r.events, c.event)
	switch c.event {
	case "CREATED":
		r.id, r.secret = member(a.body, "apiKeyId"), member(a.body, "secret")
	case "UPDATED":
		r.name = renamed(r.name)
	case "ROTATED":
		previous, r.secret = r.secret, member(a.body, "secret")
	case "DELETED":
		r.deleted = true
	}
	return previous
}
