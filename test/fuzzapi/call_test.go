package fuzzapi

import (
	"bytes"
	"cmp"
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
	subject   subject
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

// hook is a webhook that the service has created, and one of its deliveries.
type hook struct{ id, delivery string }

// subject is the key and the webhook that a call is about.
type subject struct {
	key  key
	hook hook
}

// nothing is a subject that does not exist.
var nothing = subject{key{noKey, noKey + "nonsense"}, hook{noWebhook, noDelivery}}

// inPath returns the value of a parameter of the path, or "" if the subject does not
// determine it.
func (sub subject) inPath(name string) string {
	return map[string]string{"keyId": sub.key.id, "webhookId": sub.hook.id, "deliveryId": sub.hook.delivery}[name]
}

// valid returns a call about sub built from the document's examples.
func (s *service) valid(o operation, sub subject) *call {
	c := &call{operation: o, subject: sub, method: o.method, path: o.path, header: http.Header{}}
	for _, ref := range o.parameters {
		p := ref.Value
		value := fmt.Sprint(example(p))
		switch {
		case p.In == "path":
			c.path = strings.Replace(c.path, "{"+p.Name+"}", cmp.Or(sub.inPath(p.Name), value), 1)
		case p.In == "header" && p.Required:
			c.header.Set(p.Name, value)
		}
	}
	switch {
	case o.managed():
		c.header.Set("Authorization", "Bearer "+s.tokens["owner"])
	case o.authorize():
		c.header.Set("X-Api-Key", sub.key.secret)
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
		c.send(bodyOf(o, sub))
	}
	return c
}

// bodyOf returns a valid body about sub.
func bodyOf(o operation, sub subject) any {
	k := sub.key
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
	return bodyOnWebhooks(o, sub.hook)
}

func bodyOnWebhooks(o operation, h hook) any {
	switch o.OperationID {
	case "createWebhook":
		return map[string]any{"url": "https://hooks.example.com/"}
	case "deleteWebhook":
		return map[string]any{"webhookId": h.id}
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
	c := s.valid(s.named("createKey"), subject{})
	c.send(body)
	a, err := s.do(ctx, c)
	return keyIn(a), err
}

// newSubject creates a key and the only webhook of its workspace.
func (s *service) newSubject(ctx context.Context) (sub subject, err error) {
	if err := s.store.webhooks.empty(ctx, s.clock.Now()); err != nil {
		return subject{}, err
	}
	if sub.hook, err = s.store.webhooks.newHook(ctx, s.clock.Now()); err != nil {
		return subject{}, err
	}
	sub.key, err = s.newKey(ctx, map[string]any{"name": "k", "scopes": []string{"payment:read"}})
	return sub, err
}

// keyIn returns the key in a response, or the zero key if there is none.
func keyIn(a answer) key {
	id, _ := a.data["apiKeyId"].(string)
	secret, _ := a.data["secret"].(string)
	return key{id: id, secret: secret}
}

// hookIn returns the webhook in a response about one.
func hookIn(a answer) hook {
	id, _ := a.data["webhookId"].(string)
	return hook{id: id}
}

// deliveryIn returns the ID of the first delivery in a response, or "" if there is none.
func deliveryIn(a answer) string {
	items, _ := a.data["items"].([]any)
	if len(items) == 0 {
		return ""
	}
	item, _ := items[0].(map[string]any)
	id, _ := item["deliveryId"].(string)
	return id
}

func (s *service) named(id string) operation {
	for _, o := range s.operations {
		if o.OperationID == id {
			return o
		}
	}
	panic("no operation " + id)
}
