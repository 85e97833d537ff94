package form

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// Body is the form of a JSON object: the order of its members, and the faults of its
// form, without those of its values. The domain checks the values, in its own order;
// With and Sorted merge both in the order of the request.
type Body struct {
	Faults  domain.Faults
	object  bool
	members []string // names as sent, including unknown and duplicate ones
}

// IsObject reports whether the value was an object.
func (b Body) IsObject() bool { return b.object }

// DecodeBody reads an object like [DecodeObject].
func DecodeBody(body jsontext.Value, members []Member) Body {
	if body.Kind() != '{' {
		return Body{Faults: Fault("", domain.ReasonType, RuleTypeObject)}
	}
	b := Body{object: true}
	for name := range Members(body) {
		b.members = append(b.members, name)
	}
	b.Faults = DecodeObject(body, members)
	return b
}

// Sorted returns err, with its faults in the order of the request if it has any.
func (b Body) Sorted(err error) error {
	if faults, ok := errors.AsType[domain.Faults](err); ok {
		return b.With(faults)
	}
	return err
}

// With returns the faults of the form and of the values in the order of the
// request, missing members last. A value whose form is wrong has no other fault.
func (b Body) With(values domain.Faults) domain.Faults {
	var all domain.Faults
	rest := b.Faults
	seen := map[string]bool{}
	of := byMember(values) // there may be thousands of members
	for _, name := range b.members {
		n := 0
		for n < len(rest) && belongs(rest[n], name) && isRepeated(rest[n], name) == seen[name] {
			n++
		}
		here := slices.Clone(rest[:n])
		rest = rest[n:]
		if !seen[name] {
			here = withValuesOf(name, here, of[name])
		}
		seen[name] = true
		all = append(all, here...)
	}
	return append(all, rest...)
}

// byMember returns faults by the member that they are of a part of.
func byMember(faults domain.Faults) map[string]domain.Faults {
	of := map[string]domain.Faults{}
	for _, f := range faults {
		member := f.Field
		if end := strings.IndexAny(member, "[."); end >= 0 {
			member = member[:end]
		}
		of[member] = append(of[member], f)
	}
	return of
}

// withValuesOf adds the faults of the values of one member to those of its form.
func withValuesOf(member string, form, values domain.Faults) domain.Faults {
	all := form
	for _, f := range values {
		wrongForm := slices.ContainsFunc(form, func(g domain.Fault) bool { return g.Field == f.Field || g.Field == member })
		if !wrongForm {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b domain.Fault) int { return cmp.Compare(elementOf(a), elementOf(b)) })
	return all
}

// belongs reports whether f is a fault of the member or of a part of it.
func belongs(f domain.Fault, member string) bool {
	return f.Field == member || strings.HasPrefix(f.Field, member+"[") || strings.HasPrefix(f.Field, member+".")
}

// isRepeated reports whether f says that the member was sent again.
func isRepeated(f domain.Fault, member string) bool {
	return f.Reason == domain.ReasonDuplicateField && f.Field == member
}

// elementOf returns the index of the element that has a fault. Faults of a list
// as a whole come after those of its elements.
func elementOf(f domain.Fault) int {
	_, rest, _ := strings.Cut(f.Field, "[")
	digits, _, _ := strings.Cut(rest, "]")
	index, err := strconv.Atoi(digits)
	if err != nil {
		return math.MaxInt
	}
	return index
}
