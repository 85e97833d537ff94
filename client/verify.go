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

// maxResponse is the largest accepted response body in bytes. The response about
// a key with 100 scopes of maximum length has 14 KiB.
const maxResponse = 64 << 10

// requestBody is the body of one permission check.
type requestBody struct {
	Key    string         `json:"key"`
	Scopes []domain.Scope `json:"scopes,omitempty"`
	IP     string         `json:"ip,omitempty"`
	Cost   *int64         `json:"cost,omitempty"` // nil means 1
}

// verify sends one check to the service.
func (c *Client) verify(ctx context.Context, check domain.Check) (domain.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.request(ctx, check)
	if err != nil {
		return domain.NotFound(), err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return domain.NotFound(), transportError(ctx, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse+1))
	switch {
	case res.StatusCode != http.StatusOK:
		return domain.NotFound(), statusError(res.StatusCode)
	case err != nil:
		return domain.NotFound(), transportError(ctx, err)
	case len(body) > maxResponse || !isJSON(res.Header):
		return domain.NotFound(), errUnexpectedResponse
	}
	return decisionOf(body, check)
}

func (c *Client) request(ctx context.Context, check domain.Check) (*http.Request, error) {
	payload := requestBody{Key: check.Secret.Reveal(), Scopes: check.Scopes}
	// The service rejects an address with a zone. Leaving it out has the same
	// effect as in process: a restricted key is denied.
	if check.Addr.IsValid() && check.Addr.Zone() == "" {
		payload.IP = check.Addr.String()
	}
	if check.Cost != (domain.Cost{}) {
		payload.Cost = new(check.Cost.Units())
	}
	// No key holds a scope that is not UTF-8, nor the scope that it is
	// converted to.
	body, err := json.Marshal(payload, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, errors.New("client: cannot encode the check")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	// This entry is not sent. It allows net/http to retry if an idle connection turns out to be
	// closed. A check that arrives twice may spend its cost twice, but never too little.
	req.Header["Idempotency-Key"] = []string{}
	c.authenticate(req.Header)
	return req, nil
}

func isJSON(h http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && mediaType == "application/json"
}
