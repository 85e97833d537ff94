package fuzzapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// call is one request, right in every respect until changed.
type call struct {
	operation operation
	method    string
	path      string // escaped
	query     string
	header    http.Header
	body      []byte // nil: none
	chunked   bool   // its length is not declared
	after     func() // what to do once it is answered; may be nil
}

// key is a key that the service has made.
type key struct{ id, secret string }

// right is a call as the document's examples have it, about k.
func (s *service) right(o operation, k key) *call {
	c := &call{operation: o, method: o.method, path: o.path, header: http.Header{}}
	for _, ref := range o.parameters {
		p := ref.Value
		value, _ := example(p).(string)
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
	case o.asked():
		c.header.Set("X-Api-Key", k.secret)
		c.query = "scope=payment:read"
	}
	if o.internal {
		c.header.Set("X-Internal-Token", internalToken)
	}
	if o.bodySchema() != nil {
		c.send(bodyOf(o, k))
	}
	return c
}

// bodyOf is an example of the body, about k.
func bodyOf(o operation, k key) any {
	switch o.OperationID {
	case "deleteKey":
		return map[string]any{"keyId": k.id}
	case "verifyKeys":
		return map[string]any{"key": k.secret}
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

// answer is what came back.
type answer struct {
	status int
	code   string // empty where the body has none
	data   map[string]any
}

// do sends c. The error says also where the answer is outside the document.
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
		_ = json.Unmarshal(body.Data, &a.data) // an array or null is no matter here
	}
	return a, nil
}

func (c *call) reader() io.Reader {
	switch {
	case c.body == nil:
		return http.NoBody
	case c.chunked:
		return io.MultiReader(bytes.NewReader(c.body)) // of a length that nobody knows
	}
	return bytes.NewReader(c.body)
}

// newKey has the service make a key.
func (s *service) newKey(ctx context.Context, body map[string]any) (key, error) {
	c := s.right(s.named("createKey"), key{})
	c.send(body)
	a, err := s.do(ctx, c)
	return keyIn(a), err
}

// keyIn is the key that an answer tells of, and a zero one where it tells of none.
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
