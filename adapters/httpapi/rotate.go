package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// rotateKey serves POST on rotate. Its body is optional.
func (a *API) rotateKey(x *exchange, ws *application.Workspace) error {
	grace, options, err := readGrace(x)
	if err != nil {
		return err
	}
	id, err := x.keyInPath()
	if err != nil {
		return err
	}
	rotated, err := carryOut(x, func(ctx context.Context) (application.CreatedKey, error) {
		return ws.RotateKey(ctx, id, grace, options...)
	})
	if replayed, ok := x.replayed(err); ok {
		return x.succeed(http.StatusOK, toRotatedKey(application.CreatedKey{Key: replayed.Outcome}, replayed.At))
	}
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toRotatedKey(rotated, a.options.Now()))
}

// readGrace treats an empty body, even a chunked one, as no body.
func readGrace(x *exchange) (time.Duration, []application.ChangeOption, error) {
	raw, options, err := readBody(x, true)
	if err != nil || len(raw) == 0 {
		return 0, options, err
	}
	body, err := form.ParseJSON(raw)
	if err != nil {
		return 0, nil, err
	}
	grace, faults := toGrace(body)
	return grace, options, faults.Err()
}

func toGrace(body jsontext.Value) (grace time.Duration, faults domain.Faults) {
	read := form.DecodeBody(body, []form.Member{{Name: "gracePeriodSeconds", Decode: func(v jsontext.Value) domain.Faults {
		seconds, faults := form.DecodeInteger(v)
		if faults == nil {
			grace, faults = domain.ParseGrace(seconds)
		}
		return faults
	}}})
	return grace, read.Faults
}

// rotatedKey is a key and its new secret, in the contract's order.
type rotatedKey struct {
	APIKeyID domain.KeyID `json:"apiKeyId"`
	Secret   string       `json:"secret,omitempty"` // only in the first response
	keyAttributes
}

func toRotatedKey(rotated application.CreatedKey, now time.Time) rotatedKey {
	body := toKeyBody(rotated.Key, now)
	return rotatedKey{
		APIKeyID:      body.APIKeyID,
		Secret:        rotated.Secret.Reveal(),
		keyAttributes: body.keyAttributes,
	}
}
