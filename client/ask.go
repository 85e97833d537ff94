package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// maxAnswer bounds the body of an answer. One about a key with as many scopes
// as a key may have, each as long as it may be, has 14 KiB.
const maxAnswer = 64 << 10

// question is the body of one permission check.
type question struct {
	Key    string         `json:"key"`
	Scopes []domain.Scope `json:"scopes,omitempty"`
	IP     string         `json:"ip,omitempty"`
}

// ask puts one question to the service.
func (c *Client) ask(ctx context.Context, check domain.Check) (domain.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.request(ctx, check)
	if err != nil {
		return domain.NotFound(), err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return domain.NotFound(), unreached(ctx, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case res.StatusCode != http.StatusOK:
		return domain.NotFound(), refusal(res.StatusCode)
	case err != nil:
		return domain.NotFound(), unreached(ctx, err)
	case len(body) > maxAnswer || !isJSON(res.Header):
		return domain.NotFound(), errNoAnswer
	}
	return decisionOf(body, check)
}

func (c *Client) request(ctx context.Context, check domain.Check) (*http.Request, error) {
	q := question{Key: check.Secret.Reveal(), Scopes: check.Scopes}
	// An address with a zone means nothing to the service, which refuses it:
	// to a key it is as good as unknown.
	if check.Addr.IsValid() && check.Addr.Zone() == "" {
		q.IP = check.Addr.String()
	}
	// A scope that is not UTF-8 is held by no key, and neither is the one
	// that it turns into.
	body, err := json.Marshal(q, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, errors.New("client: the question cannot be written")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	// A check changes nothing: this, which is not sent, lets net/http ask
	// again where an idle connection turns out to be closed.
	req.Header["Idempotency-Key"] = []string{}
	c.prove(req.Header)
	return req, nil
}

func isJSON(h http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && mediaType == "application/json"
}
