package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

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
}

func (a *API) replyTo(w http.ResponseWriter, r *http.Request) reply {
	return reply{api: a, w: w, r: r, requestID: identifierOf(w, r)}
}

// begin sets what every answer has.
func (p *reply) begin() {
	h := p.w.Header()
	h.Set("X-Request-Id", p.requestID)
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language")
}

// succeed answers with data in the success envelope.
func (p *reply) succeed(status int, data any) error {
	p.code = codeSuccess
	return p.write(status, successBody{
		Version:   Version,
		Timestamp: p.api.Now().UnixMilli(),
		Success:   true,
		Code:      codeSuccess,
		Message:   p.text(codeSuccess, nil),
		Data:      data,
	})
}

// fail answers with the error envelope that belongs to err.
func (p *reply) fail(err error) {
	o := outcomeOf(err)
	p.code = o.code
	if o.headers != nil {
		o.headers(p.w.Header(), err)
	}
	// The answer is on its way; when it cannot be written nobody is left to tell.
	_ = p.write(o.status, errorBody{
		Code:    o.code,
		Message: p.text(o.code, nil),
		Errors:  p.faults(err),
	})
}

func (p *reply) faults(err error) []faultBody {
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
	return p.api.Messages.Message(p.language, id, args)
}

func (a *API) languageOf(acceptLanguage []string) string {
	if acceptLanguage == nil {
		return a.language
	}
	return a.Messages.Match(acceptLanguage...)
}

func (p *reply) write(status int, body any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return err
	}
	h := p.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Language", p.language)
	p.w.WriteHeader(status)
	_, err := p.w.Write(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
	return err
}
