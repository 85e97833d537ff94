package httpapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// createKey serves POST on the keys of a workspace.
func (a *API) createKey(x *exchange, owner application.Owner) error {
	spec, once, err := x.readKeySpec()
	if err != nil {
		return err
	}
	created, err := carryOut(x, func(ctx context.Context) (application.CreatedKey, error) {
		return a.CreateKey.Do(ctx, owner, spec, once)
	})
	if before, ok := x.replayed(err); ok {
		return x.showCreated(owner, toCreatedKey(application.CreatedKey{Key: before.Outcome}, before.At))
	}
	if err != nil {
		return err
	}
	return x.showCreated(owner, toCreatedKey(created, a.Now()))
}

func (x *exchange) readKeySpec() (application.KeySpec, application.Once, error) {
	raw, once, err := x.read(true)
	if err != nil {
		return application.KeySpec{}, application.Once{}, err
	}
	body, err := parseJSON(raw)
	if err != nil {
		return application.KeySpec{}, application.Once{}, err
	}
	spec, faults := toKeySpec(body, x.api.Now())
	// What time alone has made wrong may have been carried out before: the use
	// case, which judges it again, knows.
	if faults != nil && (once.Key == "" || !inPast(faults)) {
		return application.KeySpec{}, application.Once{}, faults.Err()
	}
	return spec, once, nil
}

func inPast(faults domain.Faults) bool {
	for _, f := range faults {
		if f.Reason != domain.ReasonInPast {
			return false
		}
	}
	return true
}

func (x *exchange) showCreated(owner application.Owner, key createdKey) error {
	x.keyID = key.APIKeyID
	location := url.URL{Path: "/web/v1/workspaces/" + string(owner.Workspace()) + "/api-keys/" + string(x.keyID)}
	x.Response().Header().Set("Location", location.EscapedPath())
	return x.succeed(http.StatusCreated, key)
}
