package httpapi

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/domain"
)

// Limits of a request to verify.
const (
	maxVerifyBody = 256 << 10
	maxQuestions  = 100
)

// verify serves one permission check, or an array of several, in order.
func (a *API) verify(x *exchange) error {
	x.quiet = true
	body, err := x.readJSON(maxVerifyBody)
	if err != nil {
		return err
	}
	switch body.Kind() {
	case '{':
		return a.verifyOne(x, body)
	case '[':
		return a.verifyAll(x, body)
	}
	return form.Fault("", domain.ReasonType, RuleTypeQuestions).Err()
}

func (a *API) verifyOne(x *exchange, body jsontext.Value) error {
	check, faults := toCheck(body)
	if faults != nil {
		return faults.Err()
	}
	decision, err := a.options.Authorizer.Do(x.Request().Context(), check)
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, verdict(decision))
}

func (a *API) verifyAll(x *exchange, body jsontext.Value) error {
	checks, faults := toChecks(body)
	if faults != nil {
		return faults.Err()
	}
	ctx, cancel := x.bounded() // one deadline for all checks, which may read a hundred keys
	defer cancel()
	decisions := make(verdicts, len(checks))
	for i, check := range checks {
		var err error
		if decisions[i], err = a.options.Authorizer.Do(ctx, check); err != nil {
			return err
		}
	}
	return x.succeed(http.StatusOK, decisions)
}

func toChecks(array jsontext.Value) ([]domain.Check, domain.Faults) {
	var checks []domain.Check
	var faults domain.Faults
	for i, question := range form.Elements(array) {
		if i == maxQuestions {
			return nil, form.Fault("", domain.ReasonTooMany, RuleQuestionsLength)
		}
		at := "[" + strconv.Itoa(i) + "]"
		if question.Kind() != '{' {
			faults = append(faults, form.Fault(at, domain.ReasonType, RuleTypeQuestion)...)
			continue
		}
		check, f := toCheck(question)
		checks = append(checks, check)
		faults = append(faults, f.At(at+".")...)
		if len(faults) >= domain.MaxFaults {
			break
		}
	}
	if checks == nil && faults == nil {
		return nil, form.Fault("", domain.ReasonLength, RuleQuestionsLength)
	}
	return checks, faults
}
