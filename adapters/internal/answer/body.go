package answer

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/slaunchx/apikeys/domain"
)

// ContentType is the media type of every envelope.
const ContentType = "application/json; charset=utf-8"

type errorBody struct {
	Success bool        `json:"success"`
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Errors  []faultBody `json:"errors,omitempty"`
}

type faultBody struct {
	Field   string `json:"field"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Text returns the message with the given identifier.
type Text func(id string, args map[string]string) string

// ErrorBody returns the error envelope with the given code for err, in the language of
// text.
func ErrorBody(code string, err error, text Text) ([]byte, error) {
	return AppendJSON(nil, errorBody{Code: code, Message: text(code, nil), Errors: faultBodies(err, text)})
}

func faultBodies(err error, text Text) []faultBody {
	faults, ok := errors.AsType[domain.Faults](err)
	if !ok {
		return nil
	}
	bodies := make([]faultBody, len(faults))
	for i, f := range faults {
		bodies[i] = faultBody{
			Field:   f.Field,
			Reason:  string(f.Reason),
			Message: text(string(f.Rule), f.Placeholders()),
		}
	}
	return bodies
}

// AppendJSON appends v as encoding/json encodes it without HTML escaping.
func AppendJSON(b []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}
