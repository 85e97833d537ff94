package httpapi

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
