package httpapi

import (
	"errors"
	"net/http"
	"slices"

	"github.com/slaunchx/apikeys/domain"
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
	named [1]string // X-Request-Id
	told  [4]string // who the key is
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
	jsonInUTF8   = []string{"application/json; charset=utf-8"}
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
	p.code = o.code
	if o.headers != nil {
		o.headers(p.w.Header(), err)
	}
	body, err := appendJSON(nil, errorBody{
		Code:    o.code,
		Message: p.text(o.code, nil),
		Errors:  p.faults(err),
	})
	if err == nil {
		// The answer is on its way; when it cannot be written nobody is left to tell.
		_ = p.write(o.status, body)
	}
}

func (p *reply) faults(err error) []faultBody {
	faults, ok := errors.AsType[domain.Faults](err)
	if !ok {
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
			Message: p.text(string(f.Rule), args),
		}
	}
	return bodies
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
	_, err := p.w.Write(body)
	return err
}
