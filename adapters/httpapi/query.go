package httpapi

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

// parameter is how one parameter of a query is read. Faults are those of its
// value.
type parameter struct {
	name   string
	decode func(value string) domain.Faults
}

// decodeQuery reads the parameters of a query. Any other is refused, since a
// misspelt filter must not quietly show more; so are repeated ones, and what
// url.ParseQuery finds ill-formed. Faults are in the order of the query.
func decodeQuery(query string, parameters ...parameter) domain.Faults {
	var faults domain.Faults
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, f := splitPair(pair)
		i := slices.IndexFunc(parameters, func(p parameter) bool { return p.name == name })
		switch {
		case f != nil:
		case seen[name]:
			f = refused(name, domain.ReasonDuplicateField, RuleDuplicateField)
		case i < 0:
			f = refused(name, domain.ReasonUnknownField, RuleUnknownField)
		default:
			f = parameters[i].decode(value).At(name)
		}
		seen[name] = true
		if faults = append(faults, f...); len(faults) >= domain.MaxFaults {
			break
		}
	}
	return faults
}

// splitPair decodes one pair of a query, as url.ParseQuery does.
func splitPair(pair string) (name, value string, faults domain.Faults) {
	rawName, rawValue, _ := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	if nameErr != nil {
		name = rawName
	}
	if nameErr != nil || valueErr != nil || strings.Contains(pair, ";") {
		return name, "", refused(name, domain.ReasonSyntax, RuleQuerySyntax)
	}
	return name, value, nil
}

// pageParameters are those of every list. The page is to be made of what they
// leave in number and size.
func pageParameters(number, size *int64) []parameter {
	return []parameter{
		{"page", integer(number, domain.RulePageRange, domain.JudgePageNumber)},
		{"size", integer(size, domain.RuleSizeRange, domain.JudgePageSize)},
	}
}

// integer reads decimal digits, with a sign or without, into dst.
func integer(dst *int64, rule domain.Rule, judge func(int64) domain.Faults) func(string) domain.Faults {
	return func(s string) domain.Faults {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) || strings.HasPrefix(s, "+") {
			return refused("", domain.ReasonFormat, rule)
		}
		*dst = n // the nearest there is, when it is out of range
		return judge(n)
	}
}

// term reads a parameter into dst by parse.
func term[T any](dst *T, parse func(string) (T, domain.Faults)) func(string) domain.Faults {
	return func(s string) (faults domain.Faults) {
		*dst, faults = parse(s)
		return faults
	}
}
