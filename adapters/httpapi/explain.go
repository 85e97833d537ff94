package httpapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/domain"
)

// Explainer explains permission checks.
type Explainer interface {
	Explain(ctx context.Context, question domain.Question) (domain.Explanation, error)
}

// maxExplainBody is the maximum size of a request to explain, in bytes.
const maxExplainBody = 64 << 10

// explainedCheck is the data of an explanation.
type explainedCheck struct {
	Allowed bool            `json:"allowed"`
	Reason  domain.Verdict  `json:"reason"`
	Steps   []explainedStep `json:"steps"`
}

type explainedStep struct {
	Step    domain.Step        `json:"step"`
	Outcome domain.StepOutcome `json:"outcome"`
	Detail  string             `json:"detail"`
}

// explain serves POST on explain.
func (a *API) explain(x *exchange) error {
	body, err := x.readJSON(maxExplainBody)
	if err != nil {
		return err
	}
	question, faults := toQuestion(body)
	if faults != nil {
		return faults.Err()
	}
	x.keyID = question.ID()
	explanation, err := carryOut(x, func(ctx context.Context) (domain.Explanation, error) {
		return a.options.Explainer.Explain(ctx, question)
	})
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toExplainedCheck(explanation, x.text))
}

func toExplainedCheck(e domain.Explanation, text func(id string, args map[string]string) string) explainedCheck {
	body := explainedCheck{Allowed: e.Allowed(), Reason: e.Verdict}
	for _, s := range e.Steps {
		body.Steps = append(body.Steps, explainedStep{
			Step: s.Step, Outcome: s.Outcome, Detail: text(string(s.Detail.Rule), s.Detail.Args),
		})
	}
	return body
}

// toQuestion reads a check to be explained.
func toQuestion(body jsontext.Value) (domain.Question, domain.Faults) {
	var q domain.Question
	named := ""
	byKey := false
	members := append(checkMembers(&q.Check),
		form.Member{Name: "apiKeyId", Decode: func(v jsontext.Value) (faults domain.Faults) {
			q.ByID = true
			named, faults = form.DecodeString(v)
			return faults
		}},
		form.Member{Name: "at", Nullable: true, Decode: form.Into(&q.At, decodeTime)},
	)
	i := slices.IndexFunc(members, func(m form.Member) bool { return m.Name == "key" })
	decodeKey := members[i].Decode
	members[i].Missing = ""
	members[i].Decode = func(v jsontext.Value) domain.Faults {
		byKey = true
		return decodeKey(v)
	}
	faults := form.DecodeBody(body, members).Faults
	switch {
	case body.Kind() != '{':
	case byKey && q.ByID:
		faults = append(faults, form.Fault("apiKeyId", domain.ReasonDuplicateField, RuleKeyOrID)...)
	case !byKey && !q.ByID:
		faults = append(faults, form.Fault("key", domain.ReasonRequired, RuleKeyOrID)...)
	}
	q.KeyID, _ = domain.ParseKeyID(named)
	return q, faults
}
