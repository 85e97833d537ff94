package httpapi

import (
	"net/http"
	"strconv"

	"github.com/slaunchx/apikeys/domain"
)

type presence bool

const (
	required presence = true
	optional presence = false
)

// header returns the one value of a header of 1 to most visible ASCII
// characters; a most of 0 leaves its form to the caller.
func header(h http.Header, name string, most int, need presence) (string, domain.Faults) {
	values := h.Values(name)
	refuse := func(reason domain.Reason, rule domain.Rule) (string, domain.Faults) {
		return "", domain.Faults{{Field: name, Reason: reason, Rule: rule, Args: map[string]string{
			"Min": "1", "Max": strconv.Itoa(most),
		}}}
	}
	switch {
	case len(values) == 0 && need == optional:
		return "", nil
	case len(values) == 0:
		return refuse(domain.ReasonRequired, RuleHeaderRequired)
	case len(values) > 1:
		return refuse(domain.ReasonDuplicateField, RuleDuplicateField)
	case most == 0:
		return values[0], nil
	case values[0] == "" || len(values[0]) > most:
		return refuse(domain.ReasonLength, RuleHeaderLength)
	case !visibleASCII(values[0]):
		return refuse(domain.ReasonCharacters, RuleHeaderCharacters)
	}
	return values[0], nil
}
