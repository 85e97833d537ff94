package form

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// ReadJSON reads a body of at most limit bytes that is one I-JSON value
// (RFC 7493). Repeated member names are left to [DecodeObject], which reports
// their field. It returns [ErrTooLarge] or [domain.Faults].
func ReadJSON(w http.ResponseWriter, r *http.Request, limit int64) (jsontext.Value, error) {
	body, err := ReadBytes(w, r, limit)
	if err != nil {
		return nil, err
	}
	return ParseJSON(body)
}

// ParseJSON returns body without the white space around it if it is one I-JSON
// value.
func ParseJSON(body []byte) (jsontext.Value, error) {
	if !isIJSON(body) {
		return nil, Fault("", domain.ReasonSyntax, RuleBodySyntax).Err()
	}
	return jsontext.Value(bytes.TrimSpace(body)), nil
}

// ReadBytes reads a body of at most limit bytes.
func ReadBytes(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := readBody(w, r, limit)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, ErrTooLarge
	}
	if err != nil {
		return nil, Fault("", domain.ReasonSyntax, RuleBodySyntax).Err()
	}
	return body, nil
}

// smallBody is the maximum number of bytes that are allocated for a body before any of
// it has arrived.
const smallBody = 4 << 10

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > min(limit, smallBody) {
		return io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	}
	body := make([]byte, r.ContentLength) // net/http admits no more
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// isIJSON reports whether body is exactly one JSON value whose strings contain
// neither lone surrogates, which the decoder rejects, nor noncharacters (RFC
// 7493 section 2.1).
func isIJSON(body []byte) bool {
	if !jsontext.Value(body).IsValid(duplicatesAllowed) {
		return false
	}
	if isPlain(body) {
		return true // no string needs decoding; saves 1.2 µs of 1.5 for a check
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

// isPlain reports whether text is ASCII without a backslash, so that its strings
// need no decoding.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return true
}

func isNoncharacter(r rune) bool { return unicode.Is(unicode.Noncharacter_Code_Point, r) }

// duplicatesAllowed leaves repeated member names to [DecodeObject].
var duplicatesAllowed = jsontext.AllowDuplicateNames(true)

// decoders are reused, because creating one is most of the cost of reading a check.
var decoders sync.Pool // of *jsontext.Decoder

// newDecoder returns a decoder of body that does not copy it. Call release when
// done.
func newDecoder(body []byte) *jsontext.Decoder {
	dec, kept := decoders.Get().(*jsontext.Decoder)
	if !kept {
		dec = new(jsontext.Decoder)
	}
	dec.Reset(bytes.NewBuffer(body), duplicatesAllowed)
	return dec
}

// release forgets the body, which may contain a secret, and keeps the decoder for
// reuse.
func release(dec *jsontext.Decoder) {
	dec.Reset(nothing)
	decoders.Put(dec)
}

// nothing has no state, so it can be shared.
var nothing = strings.NewReader("")
