package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/slaunchx/apikeys/domain"
)

// Version is the version of the HTTP API that every success body names.
const Version = "1.3.0"

const codeSuccess = "2000"

type successBody struct {
	Version   string `json:"version"`
	Timestamp int64  `json:"timestamp"`
	Success   bool   `json:"success"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Data      any    `json:"data"`
}

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

// succeed answers with data in the success envelope.
func (x *exchange) succeed(status int, data any) error {
	x.code = codeSuccess
	return x.write(status, successBody{
		Version:   Version,
		Timestamp: x.api.Now().UnixMilli(),
		Success:   true,
		Code:      codeSuccess,
		Message:   x.text(codeSuccess, nil),
		Data:      data,
	})
}

// fail answers with the error envelope that belongs to err.
func (x *exchange) fail(err error) {
	o := outcomeOf(err)
	x.code = o.code
	if o.headers != nil {
		o.headers(x, err)
	}
	// The answer is on its way; when it cannot be written nobody is left to tell.
	_ = x.write(o.status, errorBody{
		Code:    o.code,
		Message: x.text(o.code, nil),
		Errors:  x.faults(err),
	})
}

func (x *exchange) faults(err error) []faultBody {
	var faults domain.Faults
	if !errors.As(err, &faults) {
		return nil
	}
	bodies := make([]faultBody, len(faults))
	for i, f := range faults {
		args := map[string]string{"Field": f.Field}
		for name, value := range f.Args {
			args[name] = value
		}
		bodies[i] = faultBody{
			Field:   f.Field,
			Reason:  string(f.Reason),
			Message: x.text(string(f.Rule), args),
		}
	}
	return bodies
}

func (x *exchange) text(id string, args map[string]string) string {
	return x.api.Messages.Message(x.language, id, args)
}

func (x *exchange) write(status int, body any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return err
	}
	h := x.Response().Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Language", x.language)
	x.Response().WriteHeader(status)
	_, err := x.Response().Write(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
	return err
}
