package httpapi

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// getKey serves GET on one key.
func (a *API) getKey(x *exchange, owner application.Owner) error {
	id, err := x.keyInPath()
	if err != nil {
		return err
	}
	key, err := carryOut(x, func(ctx context.Context) (*domain.APIKey, error) {
		return a.GetKey.Do(ctx, owner, id)
	})
	if err != nil {
		return err
	}
	return x.show(key)
}

// changeState serves POST on what a key can be told: disable and enable.
func (a *API) changeState(change func(context.Context, application.Owner, domain.KeyID, application.Once) error) managedHandler {
	return func(x *exchange, owner application.Owner) error {
		_, once, err := x.read(false)
		if err != nil {
			return err
		}
		id, err := x.keyInPath()
		if err != nil {
			return err
		}
		err = x.change(func(ctx context.Context) error { return change(ctx, owner, id, once) })
		if err := x.unlessReplayed(err); err != nil {
			return err
		}
		return x.succeed(http.StatusOK, nil)
	}
}

// deleteKey serves POST on delete.
func (a *API) deleteKey(x *exchange, owner application.Owner) error {
	raw, once, err := x.read(true)
	if err != nil {
		return err
	}
	body, err := parseJSON(raw)
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
	err = x.change(func(ctx context.Context) error { return a.Lifecycle.Delete(ctx, owner, id, once) })
	if err := x.unlessReplayed(err); err != nil {
		return err
	}
	x.code = codeSuccess
	x.Response().WriteHeader(http.StatusNoContent)
	return nil
}

func toKeyID(body jsontext.Value) (id string, faults domain.Faults) {
	if body.Kind() != '{' {
		return "", refused("", domain.ReasonType, RuleTypeObject)
	}
	faults = decodeObject(body, []member{{name: "keyId", missing: RuleTypeString, decode: text(&id, func(s string) (string, domain.Faults) {
		return s, nil
	})}})
	return id, faults
}

// keyInPath returns the identifier in the path. A malformed one belongs to no key.
func (x *exchange) keyInPath() (domain.KeyID, error) {
	id, ok := domain.ParseKeyID(pathParam(x, "keyId"))
	if !ok {
		return "", domain.ErrKeyNotFound
	}
	x.keyID = id
	return id, nil
}
