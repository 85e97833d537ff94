package httpapi

import (
	"net/http"
	"slices"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
)

// reply answers one request in the envelope.
type reply struct {
	api       *API
	w         http.ResponseWriter
	r         *http.Request
	requestID string
	language  string // empty until something is to be said
	code      string // of the answer; empty until there is one

	// Where the header keeps its values: one allocation with the rest. The
	// header outlives the request, a reply is never used again.
	named [1]string                           // X-Request-Id
	told  [len(answer.IdentityHeaders)]string // who the key is
}

func (a *API) replyTo(w http.ResponseWriter, r *http.Request) reply {
	return reply{api: a, w: w, r: r, requestID: identifierOf(w, r)}
}

// begin sets what every answer has, also one that says nothing.
func (p *reply) begin() {
	h := p.w.Header()
	p.named = [1]string{p.requestID}
	h["X-Request-Id"] = p.named[:]
	h["Cache-Control"] = noStore
}

// Header values of many answers. Nobody may write to them; Header.Add copies
// them, since they have no room.
var (
	noStore      = []string{"no-store"}
	varyLanguage = []string{"Accept-Language"}
	jsonInUTF8   = []string{answer.ContentType}
)

// succeed answers with data in the success envelope.
func (p *reply) succeed(status int, data any) error {
	p.code = codeSuccess
	body, err := appendSuccess(make([]byte, 0, 512), p.api.options.Now().UnixMilli(), p.text(codeSuccess, nil), data)
	if err != nil {
		return err
	}
	return p.write(status, body)
}

// fail answers with the error envelope that belongs to err.
func (p *reply) fail(err error) {
	o := outcomeOf(err)
	p.code = o.Code
	if o.Headers != nil {
		o.Headers(p.w.Header(), err)
	}
	body, err := answer.ErrorBody(o.Code, err, p.text)
	if err == nil {
		// The answer is on its way; when it cannot be written nobody is left to tell.
		_ = p.write(o.Status, body)
	}
}

// text returns a sentence in the language of the request. Languages are
// matched once something is to be said at all.
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
	} else { // an embedder's
		h["Vary"] = append(slices.Clip(given), varyLanguage...)
	}
	p.w.WriteHeader(status)
	_, err := p.w.Write(body) //nolint:gosec // the body is JSON, and says so
	return err
}
