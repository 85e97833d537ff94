package form

import (
	"net/http"
	"strconv"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/domain"
)

// Presence determines whether a header must be sent.
type Presence bool

// The presences.
const (
	Required Presence = true
	Optional Presence = false
)

// Header returns the value of a header, which must have 1 to most visible ASCII
// characters and be sent once. If most is 0, the caller checks the value.
func Header(h http.Header, name string, most int, need Presence) (string, domain.Faults) {
	values := h.Values(name)
	refuse := func(reason domain.Reason, rule domain.Rule) (string, domain.Faults) {
		return "", domain.Faults{{Field: name, Reason: reason, Rule: rule, Args: map[string]string{
			"Min": "1", "Max": strconv.Itoa(most),
		}}}
	}
	switch {
	case len(values) == 0 && need == Optional:
		return "", nil
	case len(values) == 0:
		return refuse(domain.ReasonRequired, RuleHeaderRequired)
	case len(values) > 1:
		return refuse(domain.ReasonDuplicateField, RuleDuplicateField)
	case most == 0:
		return values[0], nil
	case values[0] == "" || len(values[0]) > most:
		return refuse(domain.ReasonLength, RuleHeaderLength)
	case !answer.VisibleASCII(values[0]):
		return refuse(domain.ReasonCharacters, RuleHeaderCharacters)
	}
	return values[0], nil
}
