package httpapi

import (
	"strconv"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
)

// Version is the version of the HTTP API that every success body names.
const Version = "1.3.0"

const codeSuccess = "2000"

// appendable is data that encodes itself like encoding/json, for frequent
// responses, whose cost would mostly be reflection.
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
		if b, err = answer.AppendJSON(b, data); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendText appends a string as [answer.AppendJSON] does.
func appendText[S ~string](b []byte, s S) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			b, _ = answer.AppendJSON(b, string(s)) // it cannot fail for a string
			return b
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
