package form

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

// Parameter describes one parameter of a query.
type Parameter struct {
	Name string
	// Decode reads the value and returns its faults, without a field.
	Decode func(value string) domain.Faults
}

// DecodeQuery decodes the parameters of a query. It rejects queries that
// [url.ParseQuery] rejects, duplicate parameters, and unknown parameters, so that a
// misspelt filter does not silently select more. Faults are in the order of the query.
func DecodeQuery(query string, parameters ...Parameter) domain.Faults {
	var faults domain.Faults
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, f := SplitPair(pair)
		i := slices.IndexFunc(parameters, func(p Parameter) bool { return p.Name == name })
		switch {
		case f != nil:
		case seen[name]:
			f = Fault(name, domain.ReasonDuplicateField, RuleDuplicateField)
		case i < 0:
			f = Fault(name, domain.ReasonUnknownField, RuleUnknownField)
		default:
			f = parameters[i].Decode(value).At(name)
		}
		seen[name] = true
		if faults = append(faults, f...); len(faults) >= domain.MaxFaults {
			break
		}
	}
	return faults
}

// SplitPair decodes one pair of a query like [url.ParseQuery].
func SplitPair(pair string) (name, value string, faults domain.Faults) {
	rawName, rawValue, _ := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	if nameErr != nil {
		name = rawName
	}
	if nameErr != nil || valueErr != nil || strings.Contains(pair, ";") {
		return name, "", Fault(name, domain.ReasonSyntax, RuleQuerySyntax)
	}
	return name, value, nil
}

// IntegerTerm returns the Decode function of a [Parameter] in decimal digits,
// with or without a minus sign.
func IntegerTerm(dst *int64, rule domain.Rule, check func(int64) domain.Faults) func(string) domain.Faults {
	return func(s string) domain.Faults {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) || strings.HasPrefix(s, "+") {
			return Fault("", domain.ReasonFormat, rule)
		}
		*dst = n // the nearest int64 if it is out of range
		return check(n)
	}
}

// Term returns the Decode function of a [Parameter] that parse reads into dst.
func Term[T any](dst *T, parse func(string) (T, domain.Faults)) func(string) domain.Faults {
	return func(s string) (faults domain.Faults) {
		*dst, faults = parse(s)
		return faults
	}
}
