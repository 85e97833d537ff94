package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/slaunchx/apikeys/application"
)

// createKey serves POST on the keys of a workspace.
func (a *API) createKey(x *exchange, ws *application.Workspace) error {
	body, options, err := readChange(x)
	if err != nil {
		return err
	}
	spec, read := toKeySpec(body)
	if read.Faults != nil {
		_, faults := spec.Draft(ws.ID(), a.options.Now())
		return read.With(faults).Err()
	}
	created, err := carryOut(x, func(ctx context.Context) (application.CreatedKey, error) {
		return ws.CreateKey(ctx, spec, options...)
	})
	if replayed, ok := x.replayed(err); ok {
		return showCreated(x, ws, toCreatedKey(application.CreatedKey{Key: replayed.Outcome}, replayed.At))
	}
	if err != nil {
		return read.Sorted(err)
	}
	return showCreated(x, ws, toCreatedKey(created, a.options.Now()))
}

func showCreated(x *exchange, ws *application.Workspace, key createdKey) error {
	x.keyID = key.APIKeyID
	location := url.URL{Path: "/web/v1/workspaces/" + string(ws.ID()) + "/api-keys/" + string(x.keyID)}
	x.Response().Header().Set("Location", mountedAt(x.Request())+location.EscapedPath())
	return x.succeed(http.StatusCreated, key)
}

// mountedAt returns the escaped path that was removed from the front of the
// path of r on its way here, by [http.StripPrefix] for example, or "" if none
// was. It never returns a path that a browser would treat as another host,
// whatever the client sent.
func mountedAt(r *http.Request) string {
	sent, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return ""
	}
	prefix, ok := strings.CutSuffix(sent.EscapedPath(), r.URL.EscapedPath())
	if !ok || strings.HasPrefix(prefix, "//") {
		return ""
	}
	return prefix
}
