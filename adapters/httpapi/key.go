package httpapi

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// getKey serves GET on one key.
func (a *API) getKey(x *exchange, ws *application.Workspace) error {
	id, err := x.keyInPath()
	if err != nil {
		return err
	}
	key, err := carryOut(x, func(ctx context.Context) (*domain.APIKey, error) {
		return ws.GetKey(ctx, id)
	})
	if err != nil {
		return err
	}
	return showKey(x, key)
}

// changeStatus serves POST on disable and enable.
func (a *API) changeStatus(change func(*application.Workspace, context.Context, domain.KeyID, ...application.ChangeOption) error) managedHandler {
	return func(x *exchange, ws *application.Workspace) error {
		_, options, err := readBody(x, false)
		if err != nil {
			return err
		}
		id, err := x.keyInPath()
		if err != nil {
			return err
		}
		err = x.change(func(ctx context.Context) error { return change(ws, ctx, id, options...) })
		if err := x.unlessReplayed(err); err != nil {
			return err
		}
		return x.succeed(http.StatusOK, nil)
	}
}

// deleteKey serves POST on delete.
func (a *API) deleteKey(x *exchange, ws *application.Workspace) error {
	body, options, err := readChange(x)
	if err != nil {
		return err
	}
	named, faults := toKeyID(body)
	if faults != nil {
		return faults.Err()
	}
	id, ok := domain.ParseKeyID(named)
	if !ok {
		return domain.ErrKeyNotFound
	}
	x.keyID = id
	err = x.change(func(ctx context.Context) error { return ws.DeleteKey(ctx, id, options...) })
	if err := x.unlessReplayed(err); err != nil {
		return err
	}
	x.code = codeSuccess
	x.Response().WriteHeader(http.StatusNoContent)
	return nil
}

func toKeyID(body jsontext.Value) (id string, faults domain.Faults) {
	read := form.DecodeBody(body, []form.Member{
		{Name: "keyId", Missing: form.RuleTypeString, Decode: form.Into(&id, form.DecodeString)},
	})
	return id, read.Faults
}
