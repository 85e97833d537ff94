package httpapi

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/domain"
)

// reply writes the response to one request in the envelope.
type reply struct {
	api       *API
	w         http.ResponseWriter
	r         *http.Request
	requestID string
	language  string // empty until the first message
	code      string // of the response; empty until there is one

	// The values of headers, allocated together with the reply. The header
	// outlives the request, and a reply is never reused.
	named [1]string                           // X-Request-Id
	told  [len(answer.IdentityHeaders)]string // the identity of the key
}

func (a *API) replyTo(w http.ResponseWriter, r *http.Request) reply {
	return reply{api: a, w: w, r: r, requestID: identifierOf(w, r)}
}

// begin sets the headers of every response, even one without a body.
func (p *reply) begin() {
	h := p.w.Header()
	p.named = [1]string{p.requestID}
	h["X-Request-Id"] = p.named[:]
	h["Cache-Control"] = noStore
}

// Header values that responses share. They must not be modified; Header.Add
// copies them, since they have no spare capacity.
var (
	noStore      = []string{"no-store"}
	varyLanguage = []string{"Accept-Language"}
	jsonInUTF8   = []string{answer.ContentType}
)

// succeed responds with data in the success envelope.
func (p *reply) succeed(status int, data any) error {
	p.code = codeSuccess
	body, err := appendSuccess(make([]byte, 0, 512), p.api.options.Now().UnixMilli(), p.text(codeSuccess, nil), data)
	if err != nil {
		return err
	}
	return p.write(status, body)
}

// fail responds with the error envelope for err.
func (p *reply) fail(err error) {
	o := outcomeOf(err)
	p.code = o.Code
	if o.Headers != nil {
		o.Headers(p.w.Header(), err)
	}
	body, err := answer.ErrorBody(o.Code, err, p.text)
	if err == nil {
		// If writing the response fails, nobody can be told.
		_ = p.write(o.Status, body)
	}
}

// text returns a message in the language of the request. The language is
// matched at the first message.
func (p *reply) text(id string, args map[string]string) string {
	if p.language == "" {
		p.language = p.api.languageOf(p.r.Header["Accept-Language"])
	}
	return p.api.options.Messages.Message(p.language, id, args)
}

func (a *API) languageOf(acceptLanguage []string) string {
	if acceptLanguage == nil {
		return a.language
	}
	return a.options.Messages.Match(acceptLanguage...)
}

func (p *reply) write(status int, body []byte) error {
	h := p.w.Header()
	h["Content-Type"] = jsonInUTF8
	h["Content-Language"] = []string{p.language}
	if given := h["Vary"]; given == nil {
		h["Vary"] = varyLanguage
	} else { // an embedder's, or that of CORS
		h["Vary"] = slices.Concat(varyLanguage, given)
	}
	p.w.WriteHeader(status)
	_, err := p.w.Write(body) //nolint:gosec // the body is JSON, and says so
	return err
}

// identifierOf returns the identifier that an embedder's middleware has given the
// request, if it does not contain a secret. Otherwise it returns the caller's
// identifier or a new one.
func identifierOf(w http.ResponseWriter, r *http.Request) string {
	if given := w.Header()["X-Request-Id"]; len(given) > 0 && !domain.HasSecret(given[0]) {
		return given[0]
	}
	return answer.RequestID(r.Header["X-Request-Id"])
}

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
