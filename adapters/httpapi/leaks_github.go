package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// ReportVerifier verifies the signatures of reports.
type ReportVerifier interface {
	// Verify returns nil if signature is a valid signature of body by the key with the
	// given identifier. Otherwise it returns an error that wraps
	// [domain.ErrInvalidSignature] or [domain.ErrUnavailable].
	Verify(ctx context.Context, identifier, signature string, body []byte) error
}

// maxGitHubBody is the maximum size of a report by GitHub, in bytes.
const maxGitHubBody = 256 << 10

// The labels of GitHub's protocol.
const (
	labelOurs    = "true_positive"
	labelNotOurs = "false_positive"
)

// gitHubMatch is one secret in a report.
type gitHubMatch struct{ token, kind, url, source string }

// gitHubLabel is the response to one secret in a report.
type gitHubLabel struct {
	TokenHash string `json:"token_hash"`
	TokenType string `json:"token_type"`
	Label     string `json:"label"`
}

// reportFromGitHub serves GitHub's secret scanning partner protocol.
func (a *API) reportFromGitHub(x *exchange) error {
	r := x.Request()
	if r.ContentLength > maxGitHubBody {
		return form.ErrTooLarge
	}
	if err := checkContent(r); err != nil {
		return err
	}
	raw, err := a.signedBody(x)
	if err != nil {
		return err
	}
	body, err := form.ParseJSON(raw)
	if err != nil {
		return err
	}
	matches, faults := toGitHubMatches(body)
	if faults != nil {
		return faults.Err()
	}
	ctx, cancel := x.bounded()
	defer cancel()
	labels, err := a.labelled(ctx, matches, a.reporter(x))
	if err != nil {
		return err
	}
	text, err := answer.AppendJSON(nil, labels)
	if err != nil {
		return err
	}
	x.code = codeSuccess
	return x.Blob(http.StatusOK, answer.ContentType, text)
}

// signedBody returns the body of a report, exactly as it was sent, if it has a valid
// signature of GitHub. Only reports without one count against the rate limit.
func (a *API) signedBody(x *exchange) ([]byte, error) {
	r := x.Request()
	identifier, signature := r.Header.Values("Github-Public-Key-Identifier"), r.Header.Values("Github-Public-Key-Signature")
	err := domain.ErrInvalidSignature
	var body []byte
	if len(identifier) == 1 && len(signature) == 1 {
		if body, err = form.ReadBytes(x.Response().Writer, r, maxGitHubBody); err != nil {
			return nil, err
		}
		ctx, cancel := x.bounded()
		defer cancel()
		err = a.options.GitHubReports.Verify(ctx, identifier[0], signature[0], body)
	}
	if errors.Is(err, domain.ErrInvalidSignature) {
		if tooMany := takeLeakRate(x); tooMany != nil {
			return nil, tooMany
		}
	}
	return body, err
}

// labelled stops the secrets of a report and labels each.
func (a *API) labelled(ctx context.Context, matches []gitHubMatch, origin domain.Origin) ([]gitHubLabel, error) {
	found := make([]application.LeakedSecret, len(matches))
	for i, m := range matches {
		source := m.url
		if source == "" {
			source = m.source
		}
		found[i] = application.LeakedSecret{Secret: secretOrZero(m.token), Source: domain.LeakSource(source)}
	}
	outcomes, err := a.stopLeaked(ctx, found, origin)
	if err != nil {
		return nil, err
	}
	labels := make([]gitHubLabel, len(matches))
	for i, m := range matches {
		ours := outcomes[i] != domain.LeakUnknown
		if !ours {
			if ours, err = a.options.Leaks.WasOurs(ctx, found[i].Secret); err != nil {
				return nil, err
			}
		}
		sum := sha256.Sum256([]byte(m.token))
		labels[i] = gitHubLabel{TokenHash: hex.EncodeToString(sum[:]), TokenType: m.kind, Label: labelNotOurs}
		if ours {
			labels[i].Label = labelOurs
		}
	}
	return labels, nil
}

// toGitHubMatches reads a report. Members that the protocol may add are ignored.
func toGitHubMatches(body jsontext.Value) ([]gitHubMatch, domain.Faults) {
	if body.Kind() != '[' {
		return nil, form.Fault("", domain.ReasonFormat, RuleGitHubReport)
	}
	matches := []gitHubMatch{}
	for _, element := range form.Elements(body) {
		var m gitHubMatch
		if element.Kind() != '{' {
			return nil, form.Fault("", domain.ReasonFormat, RuleGitHubReport)
		}
		read := map[string]*string{"token": &m.token, "type": &m.kind, "url": &m.url, "source": &m.source}
		for name, value := range form.Members(element) {
			dst := read[name]
			if dst == nil || value.Kind() == 'n' {
				continue
			}
			text, faults := form.DecodeString(value)
			if faults != nil {
				return nil, form.Fault("", domain.ReasonFormat, RuleGitHubReport)
			}
			*dst = text
		}
		if m.token == "" {
			return nil, form.Fault("", domain.ReasonFormat, RuleGitHubReport)
		}
		matches = append(matches, m)
	}
	return matches, nil
}
