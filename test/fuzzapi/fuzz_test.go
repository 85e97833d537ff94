package fuzzapi

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

// The test sends sequences of valid and invalid calls, some while the store fails.
// The client checks that every response is documented.
func TestService_GivesOnlyDocumentedResponses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	anOperation := s.anOperation()
	succeeded := map[string]bool{}
	sequence := func(t *rapid.T) {
		defer s.store.fail(nil)
		first, err := s.newKey(t.Context(), map[string]any{"name": "k", "scopes": []string{"payment:read"}})
		if err != nil {
			t.Fatal(err)
		}
		known := &keys{first}
		for range rapid.IntRange(15, 40).Draw(t, "calls") {
			o := anOperation.Draw(t, "operation")
			c := s.draw(t, o, known)
			failure := failures.Draw(t, "failure")
			s.store.fail(failure)
			a, err := s.do(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if a.status >= http.StatusInternalServerError && failure == nil {
				t.Fatalf("%s %s: response %d %s", c.method, c.path, a.status, a.code)
			}
			known.learn(a)
			if c.method == o.method && a.status < http.StatusMultipleChoices {
				succeeded[o.OperationID] = true
			}
		}
	}
	var never []string
	for range 10 { // a suitable call to some operations is so rare that it may not be drawn at once
		rapid.Check(t, sequence)
		never = nil
		for _, o := range s.operations {
			if !succeeded[o.OperationID] {
				never = append(never, o.OperationID)
			}
		}
		if len(never) == 0 {
			return
		}
	}
	t.Errorf("%v never succeeded: the calls drawn for them are unsuitable", never)
}

// anOperation draws an operation, half of the time one that manages keys. Without
// this the more numerous other operations would dominate.
func (s *service) anOperation() *rapid.Generator[operation] {
	var managed []operation
	for _, o := range s.operations {
		if o.managed() {
			managed = append(managed, o)
		}
	}
	return rapid.OneOf(rapid.SampledFrom(managed), rapid.SampledFrom(s.operations))
}

// failures are errors of the store; most are nil.
var failures = rapid.SampledFrom([]error{
	nil, nil, nil, nil, nil, nil, nil, nil,
	errors.New("the column is on fire"), fmt.Errorf("connect: %w", domain.ErrUnavailable),
})

// keys are the keys from earlier responses. The newest are drawn most often.
type keys []key

func (k *keys) learn(a answer) {
	if created := keyIn(a); created.secret != "" {
		*k = append(*k, created)
	}
}

func (k *keys) draw(t *rapid.T) key {
	known := append(keys{{noKey, noKey + "nonsense"}}, *k...)
	return known[len(known)-1-min(rapid.IntRange(0, 2*len(known)).Draw(t, "key")/3, len(known)-1)]
}

// draw draws a call to o about a known key, with a body drawn from the schema or an
// example and up to three mutations.
func (s *service) draw(t *rapid.T, o operation, known *keys) *call {
	k := known.draw(t)
	c := s.valid(o, k)
	if schema := o.bodySchema(); schema != nil && rapid.Bool().Draw(t, "drawn from the schema") {
		c.send(about(k, valueOf(schema).Draw(t, "body")))
	}
	for range rapid.SampledFrom([]int{0, 0, 1, 1, 2, 3}).Draw(t, "mutations") {
		name := rapid.SampledFrom(mutationNames).Draw(t, "mutation")
		mutations[name](t, s, c)
	}
	return c
}

// about replaces key IDs and secrets in a drawn body by those of k, because random
// ones would never exist.
func about(k key, body any) any {
	switch body := body.(type) {
	case map[string]any:
		for member, value := range map[string]string{"key": k.secret, "keyId": k.id, "token": k.secret} {
			if _, ok := body[member].(string); ok {
				body[member] = value
			}
		}
	case []any:
		for i := range body {
			body[i] = about(k, body[i])
		}
	}
	return body
}
