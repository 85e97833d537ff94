package httpapi

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/domain"
)

// verifyForTrufflehog serves the verification requests of a custom detector of
// trufflehog. The status is the result: 200 if any of the secrets is live, 403 if none
// is.
func (a *API) verifyForTrufflehog(x *exchange) error {
	x.quiet = true
	body, err := x.readJSON(maxBody)
	if err != nil {
		return err
	}
	secrets, faults := toDetected(body)
	if faults != nil {
		return faults.Err()
	}
	live, err := carryOut(x, func(ctx context.Context) (bool, error) { return a.options.Leaks.AnyLive(ctx, secrets) })
	if err != nil {
		return err
	}
	x.code = codeSuccess
	if live {
		return x.NoContent(http.StatusOK)
	}
	return x.NoContent(http.StatusForbidden)
}

// toDetected reads {"<detector>": {"token": ["…"]}}.
func toDetected(body jsontext.Value) ([]domain.Secret, domain.Faults) {
	token, ok := onlyMember(body, "")
	if ok {
		token, ok = onlyMember(token, "token")
	}
	texts, faults := []string(nil), domain.Faults(nil)
	if ok {
		texts, faults = form.DecodeStrings(token)
	}
	if !ok || faults != nil || len(texts) == 0 || len(texts) > maxReported {
		return nil, form.Fault("", domain.ReasonFormat, RuleTrufflehogFormat)
	}
	secrets := make([]domain.Secret, len(texts))
	for i, text := range texts {
		secrets[i] = secretOrZero(text)
	}
	return secrets, nil
}

// onlyMember returns the value of the only member of an object. Unless name is empty,
// the member must have that name.
func onlyMember(object jsontext.Value, name string) (value jsontext.Value, ok bool) {
	if object.Kind() != '{' {
		return nil, false
	}
	n := 0
	for found, v := range form.Members(object) {
		n++
		value, ok = v, name == "" || found == name
	}
	return value, ok && n == 1
}
