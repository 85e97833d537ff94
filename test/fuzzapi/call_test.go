package fuzzapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/slaunchx/apikeys/test/reporter"
)

// call is a request, valid until changed.
type call struct {
	operation operation
	method    string
	path      string // escaped
	query     string
	header    http.Header
	body      []byte // nil if none
	chunked   bool   // sends the body without Content-Length
	after     func() // called after the response; may be nil
}

// validSignature stands for the signature of the body as it is sent.
const (
	signatureHeader = "Github-Public-Key-Signature"
	validSignature  = "valid"
)

// key is a key that the service has created.
type key struct{ id, secret string }

// valid returns a call for k built from the document's examples.
func (s *service) valid(o operation, k key) *call {
	c := &call{operation: o, method: o.method, path: o.path, header: http.Header{}}
	for _, ref := range o.parameters {
		p := ref.Value
		value := fmt.Sprint(example(p))
		if p.Name == "keyId" {
			value = k.id
		}
		switch {
		case p.In == "path":
			c.path = strings.Replace(c.path, "{"+p.Name+"}", value, 1)
		case p.In == "header" && p.Required:
			c.header.Set(p.Name, value)
		}
	}
	switch {
	case o.managed():
		c.header.Set("Authorization", "Bearer "+s.tokens["owner"])
	case o.authorize():
		c.header.Set("X-Api-Key", k.secret)
		c.query = "scope=payment:read"
	}
	if o.signed() {
		c.header.Set(signatureHeader, validSignature)
		c.header.Set("Github-Public-Key-Identifier", reporter.Identifier)
	}
	if o.internal {
		c.header.Set("X-Internal-Token", internalToken)
	}
	if o.bodySchema() != nil {
		c.send(bodyOf(o, k))
	}
	return c
}

// bodyOf returns a valid body for k.
func bodyOf(o operation, k key) any {
	switch o.OperationID {
	case "deleteKey":
		return map[string]any{"keyId": k.id}
	case "verifyKeys", "explainCheck":
		return map[string]any{"key": k.secret}
	case "reportLeaks":
		return map[string]any{"secrets": []string{k.secret}}
	case "reportLeaksFromGitHub":
		return []any{map[string]any{"token": k.secret, "type": "t", "url": "https://example.org/"}}
	case "verifyForTrufflehog":
		return map[string]any{"detector": map[string]any{"token": []string{k.secret}}}
	case "createKey":
		return map[string]any{"name": "k", "scopes": []string{"payment:read"}}
	}
	return map[string]any{}
}

// send sets the body.
func (c *call) send(body any) {
	c.body, _ = json.Marshal(body)
	c.header.Set("Content-Type", "application/json")
}

// answer is the relevant part of a response.
type answer struct {
	status int
	code   string // empty if the body has none
	data   map[string]any
}

// do sends c. It also returns an error if the response is not documented.
func (s *service) do(ctx context.Context, c *call) (answer, error) {
	target, err := url.Parse(c.operation.base + c.path)
	if err != nil {
		return answer{}, err
	}
	target.RawQuery = c.query
	r, err := http.NewRequestWithContext(ctx, c.method, target.String(), c.reader())
	if err != nil {
		return answer{}, err
	}
	r.Header = c.header.Clone()
	if c.operation.signed() && r.Header.Get(signatureHeader) == validSignature {
		r.Header.Set(signatureHeader, s.github.Sign(c.body))
	}
	res, err := s.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	var body struct {
		Code string
		Data json.RawMessage
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode}
	if json.Unmarshal(text, &body) == nil {
		a.code = body.Code
		_ = json.Unmarshal(body.Data, &a.data) // arrays and null are ignored
	}
	return a, nil
}

func (c *call) reader() io.Reader {
	switch {
	case c.body == nil:
		return http.NoBody
	case c.chunked:
		return io.MultiReader(bytes.NewReader(c.body)) // hides the length
	}
	return bytes.NewReader(c.body)
}

// newKey creates a key.
func (s *service) newKey(ctx context.Context, body map[string]any) (key, error) {
	c := s.valid(s.named("createKey"), key{})
	c.send(body)
	a, err := s.do(ctx, c)
	return keyIn(a), err
}

// keyIn returns the key in a response, or the zero key if there is none.
func keyIn(a answer) key {
	id, _ := a.data["apiKeyId"].(string)
	secret, _ := a.data["secret"].(string)
	return key{id: id, secret: secret}
}

func (s *service) named(id string) operation {
	for _, o := range s.operations {
		if o.OperationID == id {
			return o
		}
	}
	panic("no operation " + id)
}
