package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

const (
	// leakAnswerTime is how long a leak report takes, whatever its secrets are, so
	// that the time of the response reveals nothing about them.
	leakAnswerTime = 250 * time.Millisecond
	// maxReported is the maximum number of secrets of a report.
	maxReported = 100
)

// receivedReport is the data of the response to a report.
type receivedReport struct {
	Received int `json:"received"`
}

// reportLeaks serves POST on leaks. The response depends only on the form of the
// request and on whether the work was done in time.
func (a *API) reportLeaks(x *exchange) error {
	r := x.Request()
	if r.ContentLength > maxBody {
		return form.ErrTooLarge
	}
	if err := takeLeakRate(x); err != nil {
		return err
	}
	if err := checkContent(r); err != nil {
		return err
	}
	body, err := form.ReadJSON(x.Response().Writer, r, maxBody)
	if err != nil {
		return err
	}
	found, err := toLeakReport(body)
	if err != nil {
		return err
	}
	due := a.options.After(leakAnswerTime)
	// The work continues if the reporter disconnects, because a report does not depend
	// on its response.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	origin := a.reporter(x)
	done := make(chan error, 1)
	go func() {
		_, err := a.stopLeaked(ctx, found, origin)
		done <- err
	}()
	<-due
	select {
	case err = <-done:
	default:
		err = fmt.Errorf("leaked secrets are not stopped in time: %w", domain.ErrUnavailable)
	}
	if err != nil {
		return err
	}
	return x.succeed(http.StatusAccepted, receivedReport{Received: len(found)})
}

// stopLeaked stops leaked secrets while holding a place of the limit on reports.
func (a *API) stopLeaked(ctx context.Context, found []application.LeakedSecret, origin domain.Origin) ([]domain.LeakOutcome, error) {
	if err := a.options.LeakConcurrency.acquire(); err != nil {
		return nil, err
	}
	defer a.options.LeakConcurrency.release()
	return a.options.Leaks.Report(ctx, found, origin)
}

// reporter returns the origin of a report.
func (a *API) reporter(x *exchange) domain.Origin {
	return domain.Origin{IP: clientAddr(x.Request(), a.options.TrustedProxies), RequestID: x.requestID}
}

// takeLeakRate counts a report against the rate limit of its address.
func takeLeakRate(x *exchange) error {
	from := neighbourhood(clientAddr(x.Request(), x.api.options.TrustedProxies))
	if wait := x.api.options.LeakRate.Take(from); wait > 0 {
		return limited{of: "leak reports from the address", wait: wait}
	}
	return nil
}

// checkContent checks the headers of a request's body.
func checkContent(r *http.Request) error {
	if !form.SendsJSON(r.Header.Values("Content-Type")) {
		return errMediaType
	}
	return form.CheckCoding(r)
}

// toLeakReport reads a report.
func toLeakReport(body jsontext.Value) ([]application.LeakedSecret, error) {
	var texts []string
	source := ""
	read := form.DecodeBody(body, []form.Member{
		{Name: "secrets", Missing: RuleSecretsLength, Decode: form.Into(&texts, decodeReported)},
		{Name: "source", Nullable: true, Decode: form.Into(&source, func(v jsontext.Value) (string, domain.Faults) {
			text, faults := form.DecodeString(v)
			if faults != nil {
				return "", faults
			}
			return domain.ParseLeakSource(text)
		})},
	})
	if read.Faults != nil {
		return nil, read.Faults.Err()
	}
	found := make([]application.LeakedSecret, len(texts))
	for i, text := range texts {
		found[i] = application.LeakedSecret{Secret: secretOrZero(text), Source: source}
	}
	return found, nil
}

// decodeReported reads the strings of a report, which need not be secrets.
func decodeReported(v jsontext.Value) ([]string, domain.Faults) {
	texts, faults := form.DecodeStrings(v)
	switch {
	case len(texts) > maxReported:
		return nil, form.Fault("", domain.ReasonTooMany, RuleSecretsLength)
	case faults == nil && len(texts) == 0:
		return nil, form.Fault("", domain.ReasonLength, RuleSecretsLength)
	}
	return texts, faults
}

// secretOrZero returns text as a secret, of this service or of another system, or the
// zero secret if it cannot be one.
func secretOrZero(text string) domain.Secret {
	secret, err := domain.ParsePresentedSecret(text)
	if err != nil {
		return domain.Secret{}
	}
	return secret
}
