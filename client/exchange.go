package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	jsonv2 "github.com/go-json-experiment/json"
)

// maxBody is the largest accepted response body in bytes. A page of 100 keys with the
// maximum number of scopes and addresses has 4 MiB.
const maxBody = 8 << 20

// errNotManagement does not quote the response, because a server that is not the
// service may echo the request.
var errNotManagement = errors.New("client: the response is not that of the management API; check BaseURL")

// request is a management request, which may be sent several times.
type request struct {
	method, path   string
	tail           string // of path, below the keys of the workspace
	query          url.Values
	body           any // nil if there is none
	workspace      string
	idempotencyKey string
	ifMatch        string
}

// head contains the headers of a successful response that the client uses.
type head struct {
	etag     string
	replayed bool
}

// send sends r, repeatedly if necessary, and decodes the data of its response into
// data, which may be nil.
func (m *Manager) send(ctx context.Context, r request, data any) (head, error) {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return head{}, fmt.Errorf("client: cannot encode the request: %w", err)
		}
	}
	var result head
	err := m.retry(ctx, r, func(ctx context.Context) (err error) {
		result, err = m.attempt(ctx, r, body, data)
		return err
	})
	return result, err
}

// attempt sends r once.
func (m *Manager) attempt(ctx context.Context, r request, body []byte, data any) (head, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	req, err := m.newRequest(ctx, r, body)
	if err != nil {
		return head{}, err
	}
	res, err := m.http.Do(req)
	if err != nil {
		return head{}, &connectionError{transportError(ctx, err)}
	}
	defer res.Body.Close()
	received, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return head{}, &connectionError{transportError(ctx, err)}
	case res.StatusCode < 200 || res.StatusCode > 299:
		return head{}, errorOf(res, received, req.Header.Get("Authorization"))
	case len(received) > maxBody:
		return head{}, errNotManagement
	}
	if err := decode(res, received, data); err != nil {
		return head{}, err
	}
	return head{etag: res.Header.Get("ETag"), replayed: res.Header.Get("Idempotent-Replayed") == "true"}, nil
}

func (m *Manager) newRequest(ctx context.Context, r request, body []byte) (*http.Request, error) {
	token, err := m.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("client: token: %w", err)
	}
	if token == "" || !isVisibleASCII(token) {
		return nil, errors.New("client: the token must consist of visible ASCII characters")
	}
	target := m.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, content)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Client-Hash", m.clientHash)
	req.Header.Set("X-Workspace-Id", r.workspace)
	for name, value := range map[string]string{
		"Accept-Language": m.language,
		"Idempotency-Key": r.idempotencyKey,
		"If-Match":        r.ifMatch,
	} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// decode decodes the data of a successful response. It rejects what the service never
// sends, such as duplicate members.
func decode(res *http.Response, body []byte, data any) error {
	if res.StatusCode == http.StatusNoContent {
		if data != nil {
			return errNotManagement
		}
		return nil
	}
	envelope := struct {
		Success bool `json:"success"`
		Data    any  `json:"data"`
	}{Data: data}
	if !isJSON(res.Header) || jsonv2.Unmarshal(body, &envelope) != nil || !envelope.Success {
		return errNotManagement
	}
	if data != nil && envelope.Data == nil {
		return errNotManagement
	}
	return nil
}
