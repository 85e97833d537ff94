package httpapi

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// readJSON reads a body of at most limit bytes that is one I-JSON value
// (RFC 7493). Repeated member names are left to decodeObject, which can say
// where they stand.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64) (jsontext.Value, error) {
	body, err := readBytes(w, r, limit)
	if err != nil {
		return nil, err
	}
	return parseJSON(body)
}

// parseJSON returns body, without the white space around it, when it is one
// I-JSON value.
func parseJSON(body []byte) (jsontext.Value, error) {
	if !isIJSON(body) {
		return nil, refused("", domain.ReasonSyntax, RuleBodySyntax).Err()
	}
	return jsontext.Value(bytes.TrimSpace(body)), nil
}

// readBytes reads a body of at most limit bytes.
func readBytes(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := readBody(w, r, limit)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, refused("", domain.ReasonSyntax, RuleBodySyntax).Err()
	}
	return body, nil
}

// smallBody is how much memory a request gets for the body it declares before
// any of it has come.
const smallBody = 4 << 10

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > min(limit, smallBody) {
		return io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	}
	body := make([]byte, r.ContentLength) // net/http lets no more through
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// isIJSON says whether body is exactly one JSON value whose strings hold
// neither lone surrogates, which the decoder refuses, nor noncharacters
// (RFC 7493 section 2.1).
func isIJSON(body []byte) bool {
	if !jsontext.Value(body).IsValid(duplicatesAllowed) {
		return false
	}
	if isPlain(body) {
		return true // no string to take apart: 0.3 µs of 1.5 for a question
	}
	dec := newDecoder(body)
	defer release(dec)
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if token.Kind() == '"' && bytes.ContainsFunc([]byte(token.String()), isNoncharacter) {
			return false
		}
	}
}

// isPlain says whether text is ASCII without a backslash, so that its strings
// are what stands between their quotes.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return true
}

func isNoncharacter(r rune) bool { return unicode.Is(unicode.Noncharacter_Code_Point, r) }

// duplicatesAllowed leaves repeated member names to decodeObject.
var duplicatesAllowed = jsontext.AllowDuplicateNames(true)

// decoders are kept: a new one is most of what it costs to read a question.
var decoders sync.Pool // of *jsontext.Decoder

// newDecoder returns a decoder of body that does not copy it. Hand it to
// release when done.
func newDecoder(body []byte) *jsontext.Decoder {
	dec, kept := decoders.Get().(*jsontext.Decoder)
	if !kept {
		dec = new(jsontext.Decoder)
	}
	dec.Reset(bytes.NewBuffer(body), duplicatesAllowed)
	return dec
}

// release forgets the body, which may hold a secret, and keeps the decoder.
func release(dec *jsontext.Decoder) {
	dec.Reset(nothing)
	decoders.Put(dec)
}

// nothing has no state that readers at the same time could disturb.
var nothing = strings.NewReader("")

// member is how one member of an object is read. Faults are those of its
// value, with paths that begin there.
type member struct {
	name     string
	missing  domain.Rule // the sentence for a required member that is not there; empty: optional
	nullable bool        // null means absent
	decode   func(jsontext.Value) domain.Faults
}

// decodeObject reads the members of object, which must be valid (see isIJSON).
// There can be at most 64 known members; their names match exactly. Faults are
// in the order of the members as sent, followed by those of the missing ones.
func decodeObject(object jsontext.Value, members []member) domain.Faults {
	var faults domain.Faults
	var seen uint64             // bit i stands for members[i]
	var unknown map[string]bool // names seen that are not in members
	for name, value := range objectMembers(object) {
		i := slices.IndexFunc(members, func(m member) bool { return m.name == name })
		switch {
		case i < 0 && unknown[name], i >= 0 && seen&(1<<i) != 0:
			faults = append(faults, refused(name, domain.ReasonDuplicateField, RuleDuplicateField)...)
		case i < 0:
			if unknown == nil {
				unknown = map[string]bool{}
			}
			unknown[name] = true
			faults = append(faults, refused(name, domain.ReasonUnknownField, RuleUnknownField)...)
		default:
			seen |= 1 << i
			if m := members[i]; !m.nullable || value.Kind() != 'n' {
				faults = append(faults, m.decode(value).At(name)...)
			}
		}
		if len(faults) >= domain.MaxFaults {
			return faults
		}
	}
	for i, m := range members {
		if m.missing != "" && seen&(1<<i) == 0 {
			faults = append(faults, refused(m.name, domain.ReasonRequired, m.missing)...)
		}
	}
	return faults
}

// objectMembers yields the members of a whole object as they stand.
func objectMembers(object jsontext.Value) func(yield func(string, jsontext.Value) bool) {
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

// arrayElements yields the elements of a whole array by index.
func arrayElements(array jsontext.Value) func(yield func(int, jsontext.Value) bool) {
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

func decodeString(value jsontext.Value) (string, domain.Faults) {
	if value.Kind() != '"' {
		return "", refused("", domain.ReasonType, RuleTypeString)
	}
	if isPlain(value) {
		return string(value[1 : len(value)-1]), nil
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
		if len(faults) >= domain.MaxFaults {
			break
		}
	}
	return list, faults
}

// decodeStrings reads an array of strings. An element that is none is a fault
// and an empty string.
func decodeStrings(value jsontext.Value) ([]string, domain.Faults) {
	if value.Kind() != '[' {
		return nil, refused("", domain.ReasonType, RuleTypeStringList)
	}
	var texts []string
	var faults domain.Faults
	for i, element := range arrayElements(value) {
		text, f := decodeString(element)
		texts = append(texts, text)
		if faults = append(faults, f.At("["+strconv.Itoa(i)+"]")...); len(faults) >= domain.MaxFaults {
			break
		}
	}
	return texts, faults
}

// into decodes into dst.
func into[T any](dst *T, decode func(jsontext.Value) (T, domain.Faults)) func(jsontext.Value) domain.Faults {
	return func(v jsontext.Value) (faults domain.Faults) {
		*dst, faults = decode(v)
		return faults
	}
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
