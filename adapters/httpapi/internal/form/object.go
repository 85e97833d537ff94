package form

import (
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// Member describes one member of an object.
type Member struct {
	Name     string
	Missing  domain.Rule // of a required member that is missing; empty for an optional one
	Nullable bool        // null means absent
	// Decode reads the value and returns its faults, with fields relative to it.
	Decode func(jsontext.Value) domain.Faults
}

// DecodeObject decodes the members of object, which must come from [ParseJSON]. There
// may be at most 64 known members, whose names must match exactly. Faults are in the
// order of the members as sent, followed by those of the missing ones.
func DecodeObject(object jsontext.Value, members []Member) domain.Faults {
	var faults domain.Faults
	var seen uint64             // bit i stands for members[i]
	var unknown map[string]bool // names seen that are not in members
	for name, value := range Members(object) {
		i := slices.IndexFunc(members, func(m Member) bool { return m.Name == name })
		switch {
		case i < 0 && unknown[name], i >= 0 && seen&(1<<i) != 0:
			faults = append(faults, Fault(name, domain.ReasonDuplicateField, RuleDuplicateField)...)
		case i < 0:
			if unknown == nil {
				unknown = map[string]bool{}
			}
			unknown[name] = true
			faults = append(faults, Fault(name, domain.ReasonUnknownField, RuleUnknownField)...)
		default:
			seen |= 1 << i
			if m := members[i]; !m.Nullable || value.Kind() != 'n' {
				faults = append(faults, m.Decode(value).At(name)...)
			}
		}
		if len(faults) >= domain.MaxFaults {
			return faults
		}
	}
	for i, m := range members {
		if m.Missing != "" && seen&(1<<i) == 0 {
			faults = append(faults, Fault(m.Name, domain.ReasonRequired, m.Missing)...)
		}
	}
	return faults
}

// Members yields the members of a valid object as sent.
func Members(object jsontext.Value) func(yield func(string, jsontext.Value) bool) {
	return func(yield func(string, jsontext.Value) bool) {
		dec := newDecoder(object)
		defer release(dec)
		if _, err := dec.ReadToken(); err != nil {
			return
		}
		for dec.PeekKind() == '"' {
			name, err := dec.ReadToken()
			if err != nil {
				return
			}
			text := name.String()
			value, err := dec.ReadValue()
			if err != nil || !yield(text, value) {
				return
			}
		}
	}
}

// Elements yields the elements of a valid array by index.
func Elements(array jsontext.Value) func(yield func(int, jsontext.Value) bool) {
	return func(yield func(int, jsontext.Value) bool) {
		dec := newDecoder(array)
		defer release(dec)
		if _, err := dec.ReadToken(); err != nil {
			return
		}
		for i := 0; dec.PeekKind() != ']'; i++ {
			value, err := dec.ReadValue()
			if err != nil || !yield(i, value) {
				return
			}
		}
	}
}

// DecodeString reads a string.
func DecodeString(value jsontext.Value) (string, domain.Faults) {
	if value.Kind() != '"' {
		return "", Fault("", domain.ReasonType, RuleTypeString)
	}
	if isPlain(value) {
		return string(value[1 : len(value)-1]), nil
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return "", Fault("", domain.ReasonType, RuleTypeString)
	}
	return string(text), nil
}

// DecodeBoolean reads true or false.
func DecodeBoolean(value jsontext.Value) (bool, domain.Faults) {
	if kind := value.Kind(); kind != 't' && kind != 'f' {
		return false, Fault("", domain.ReasonType, RuleTypeBoolean)
	}
	return value.Kind() == 't', nil
}

// DecodeList reads an array of strings, each with parse.
func DecodeList[T any](value jsontext.Value, parse func(string) (T, domain.Faults)) ([]T, domain.Faults) {
	if value.Kind() != '[' {
		return nil, Fault("", domain.ReasonType, RuleTypeStringList)
	}
	var list []T
	var faults domain.Faults
	for i, element := range Elements(value) {
		text, f := DecodeString(element)
		if f == nil {
			var parsed T
			if parsed, f = parse(text); f == nil {
				list = append(list, parsed)
			}
		}
		faults = append(faults, f.At("["+strconv.Itoa(i)+"]")...)
		if len(faults) >= domain.MaxFaults {
			break
		}
	}
	return list, faults
}

// DecodeStrings reads an array of strings. An element that is not a string is a
// fault, and an empty string in the result.
func DecodeStrings(value jsontext.Value) ([]string, domain.Faults) {
	if value.Kind() != '[' {
		return nil, Fault("", domain.ReasonType, RuleTypeStringList)
	}
	var texts []string
	var faults domain.Faults
	for i, element := range Elements(value) {
		text, f := DecodeString(element)
		texts = append(texts, text)
		if faults = append(faults, f.At("["+strconv.Itoa(i)+"]")...); len(faults) >= domain.MaxFaults {
			break
		}
	}
	return texts, faults
}

// Into returns the Decode function of a [Member] whose value goes into dst.
func Into[T any](dst *T, decode func(jsontext.Value) (T, domain.Faults)) func(jsontext.Value) domain.Faults {
	return func(v jsontext.Value) (faults domain.Faults) {
		*dst, faults = decode(v)
		return faults
	}
}

// DecodeInteger reads a number whose value is an integer, however it is written:
// 1, 1.0 and 1e0 are the same number (RFC 8259 section 6).
func DecodeInteger(value jsontext.Value) (int64, domain.Faults) {
	number, err := strconv.ParseFloat(string(value), 64)
	if value.Kind() != '0' || err == nil && number != math.Trunc(number) {
		return 0, Fault("", domain.ReasonType, RuleTypeInteger)
	}
	// Beyond the 53 bits of I-JSON (RFC 7493 section 2.2), a value is outside of every
	// range that this service accepts.
	const most = 1 << 53
	return int64(max(-most, min(most, number))), nil
}
