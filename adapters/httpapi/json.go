package httpapi

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// readJSON reads a body of at most limit bytes that is one I-JSON value
// (RFC 7493). Repeated member names are left to decodeObject, which can say
// where they stand.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64) (jsontext.Value, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, errTooLarge
	}
	if err != nil || !isIJSON(body) {
		return nil, refused("", domain.ReasonSyntax, RuleBodySyntax)
	}
	return jsontext.Value(bytes.TrimSpace(body)), nil
}

// isIJSON says whether body is exactly one JSON value whose strings hold
// neither lone surrogates, which the decoder refuses, nor noncharacters
// (RFC 7493 section 2.1).
func isIJSON(body []byte) bool {
	dec := newDecoder(body)
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return false
		}
		if token.Kind() == '"' && bytes.ContainsFunc([]byte(token.String()), isNoncharacter) {
			return false
		}
		if dec.StackDepth() == 0 {
			break
		}
	}
	_, err := dec.ReadToken()
	return err == io.EOF
}

func isNoncharacter(r rune) bool { return unicode.Is(unicode.Noncharacter_Code_Point, r) }

func newDecoder(body []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true))
}

// member is how one member of an object is read. Faults are those of its
// value, with paths that begin there.
type member struct {
	name     string
	missing  domain.Rule // the sentence for a required member that is not there; empty: optional
	nullable bool        // null means absent
	decode   func(jsontext.Value) domain.Faults
}

// decodeObject reads the members of object, a value that isIJSON found whole.
// Names match to the letter. Faults are in the order of the members as sent,
// then those of the missing ones.
func decodeObject(object jsontext.Value, members []member) domain.Faults {
	var faults domain.Faults
	seen := make(map[string]bool)
	for name, value := range objectMembers(object) {
		m := find(members, name)
		switch {
		case seen[name]:
			faults = append(faults, refused(name, domain.ReasonDuplicateField, RuleDuplicateField)...)
		case m == nil:
			faults = append(faults, refused(name, domain.ReasonUnknownField, RuleUnknownField)...)
		case m.nullable && value.Kind() == 'n':
		default:
			faults = append(faults, m.decode(value).At(name)...)
		}
		seen[name] = true
	}
	for _, m := range members {
		if m.missing != "" && !seen[m.name] {
			faults = append(faults, refused(m.name, domain.ReasonRequired, m.missing)...)
		}
	}
	return faults
}

func find(members []member, name string) *member {
	for i := range members {
		if members[i].name == name {
			return &members[i]
		}
	}
	return nil
}

// objectMembers yields the members of a whole object as they stand.
func objectMembers(object jsontext.Value) func(yield func(string, jsontext.Value) bool) {
	return func(yield func(string, jsontext.Value) bool) {
		dec := newDecoder(object)
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

// arrayElements yields the elements of a whole array by index.
func arrayElements(array jsontext.Value) func(yield func(int, jsontext.Value) bool) {
	return func(yield func(int, jsontext.Value) bool) {
		dec := newDecoder(array)
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

func decodeString(value jsontext.Value) (string, domain.Faults) {
	if value.Kind() != '"' {
		return "", refused("", domain.ReasonType, RuleTypeString)
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return "", refused("", domain.ReasonType, RuleTypeString)
	}
	return string(text), nil
}

// decodeList reads an array of strings, each by parse.
func decodeList[T any](value jsontext.Value, parse func(string) (T, domain.Faults)) ([]T, domain.Faults) {
	if value.Kind() != '[' {
		return nil, refused("", domain.ReasonType, RuleTypeStringList)
	}
	var list []T
	var faults domain.Faults
	for i, element := range arrayElements(value) {
		text, f := decodeString(element)
		if f == nil {
			var parsed T
			if parsed, f = parse(text); f == nil {
				list = append(list, parsed)
			}
		}
		faults = append(faults, f.At("["+strconv.Itoa(i)+"]")...)
	}
	return list, faults
}

// decodeInteger reads a number whose value is an integer, however it is
// written: 1, 1.0 and 1e0 are the same number (RFC 8259 section 6).
func decodeInteger(value jsontext.Value) (int64, domain.Faults) {
	number, err := strconv.ParseFloat(string(value), 64)
	if value.Kind() != '0' || err == nil && number != math.Trunc(number) {
		return 0, refused("", domain.ReasonType, RuleTypeInteger)
	}
	// Beyond the 53 bits that I-JSON promises (RFC 7493 section 2.2) every
	// value is out of any range asked for here.
	const most = 1 << 53
	return int64(max(-most, min(most, number))), nil
}

func refused(field string, reason domain.Reason, rule domain.Rule) domain.Faults {
	return domain.Faults{{Field: field, Reason: reason, Rule: rule}}
}
