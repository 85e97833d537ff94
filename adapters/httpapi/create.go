package httpapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/slaunchx/apikeys/application"
)

// createKey serves POST on the keys of a workspace.
func (a *API) createKey(x *exchange, ws *application.Workspace) error {
	body, options, err := x.readChange()
	if err != nil {
		return err
	}
	spec, form := toKeySpec(body)
	if form.faults != nil {
		_, faults := spec.Draft(ws.ID(), a.Now())
		return form.with(faults).Err()
	}
	created, err := carryOut(x, func(ctx context.Context) (application.CreatedKey, error) {
		return ws.CreateKey(ctx, spec, options...)
	})
	if replayed, ok := x.replayed(err); ok {
		return x.showCreated(ws, toCreatedKey(application.CreatedKey{Key: replayed.Outcome}, replayed.At))
	}
	if err != nil {
		return form.sorted(err)
	}
	return x.showCreated(ws, toCreatedKey(created, a.Now()))
}

func (x *exchange) showCreated(ws *application.Workspace, key createdKey) error {
	x.keyID = key.APIKeyID
	location := url.URL{Path: "/web/v1/workspaces/" + string(ws.ID()) + "/api-keys/" + string(x.keyID)}
	x.Response().Header().Set("Location", location.EscapedPath())
	return x.succeed(http.StatusCreated, key)
}
