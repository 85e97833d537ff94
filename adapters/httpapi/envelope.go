package httpapi

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Version is the version of the HTTP API that every success body names.
const Version = "1.3.0"

const codeSuccess = "2000"

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

// appendable is data that writes itself as encoding/json would: what is
// answered so often that reflection would be most of the answer's cost.
type appendable interface{ appendTo(b []byte) []byte }

// appendSuccess appends the success envelope around data.
func appendSuccess(b []byte, timestamp int64, message string, data any) ([]byte, error) {
	b = append(b, `{"version":"`+Version+`","timestamp":`...)
	b = strconv.AppendInt(b, timestamp, 10)
	b = append(b, `,"success":true,"code":"`+codeSuccess+`","message":`...)
	b = appendText(b, message)
	b = append(b, `,"data":`...)
	if own, ok := data.(appendable); ok {
		b = own.appendTo(b)
	} else {
		var err error
		if b, err = appendJSON(b, data); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendJSON appends v as encoding/json writes it for readers other than browsers.
func appendJSON(b []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// appendText appends a string as appendJSON does.
func appendText[S ~string](b []byte, s S) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			b, _ = appendJSON(b, string(s)) // which fails for no string
			return b
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
