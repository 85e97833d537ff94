package httpapi

import (
	"net/http"
	"net/url"

	"github.com/slaunchx/apikeys/application"
)

// createKey serves POST on the keys of a workspace.
func (a *API) createKey(x *exchange, owner application.Owner) error {
	body, err := readJSON(x.Response().Writer, x.Request(), maxBody)
	if err != nil {
		return err
	}
	spec, faults := toKeySpec(body, a.Now())
	if faults != nil {
		return faults
	}
	ctx, cancel := x.bounded()
	defer cancel()
	created, err := a.CreateKey.Do(ctx, owner, spec)
	if err != nil {
		return err
	}
	x.keyID = created.Key.ID()
	location := url.URL{Path: "/web/v1/workspaces/" + string(owner.Workspace()) + "/api-keys/" + string(x.keyID)}
	x.Response().Header().Set("Location", location.EscapedPath())
	return x.succeed(http.StatusCreated, toCreatedKey(created, a.Now()))
}
