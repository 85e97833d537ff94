package fuzzapi

import (
	"cmp"
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
		first, err := s.newSubject(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		known := &subjects{keys: []key{first.key}, hooks: []hook{first.hook}}
		for range rapid.IntRange(15, 40).Draw(t, "calls") {
			o := anOperation.Draw(t, "operation")
			c := s.draw(t, o, known)
			failure := failures.Draw(t, "failure")
			s.store.fail(failure)
			a, err := s.do(t.Context(), c)
			for n := 0; a.status == http.StatusServiceUnavailable && failure == nil && n < 5; n++ {
				a, err = s.do(t.Context(), c) // a starved machine exceeds the time limits of requests
			}
			if err != nil {
				t.Fatal(err)
			}
			if a.status >= http.StatusInternalServerError && failure == nil {
				t.Fatalf("%s %s: response %d %s", c.method, c.path, a.status, a.code)
			}
			known.learn(c, a)
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

// subjects are the keys and webhooks from earlier responses. The newest are drawn most
// often.
type subjects struct {
	keys  []key
	hooks []hook
}

func (k *subjects) learn(c *call, a answer) {
	if created := keyIn(a); created.id != "" && created.secret != "" {
		k.keys = append(k.keys, created)
	}
	switch created := hookIn(a); {
	case c.operation.OperationID == "createWebhook" && created.id != "":
		k.hooks = append(k.hooks, created)
	case deliveryIn(a) != "":
		for i := range k.hooks {
			if k.hooks[i].id == c.subject.hook.id {
				k.hooks[i].delivery = deliveryIn(a)
			}
		}
	}
}

func (k *subjects) draw(t *rapid.T, o operation) subject {
	sub := nothing
	if o.onWebhooks() {
		sub.hook = drawNew(t, "webhook", nothing.hook, k.hooks)
		sub.hook.delivery = cmp.Or(sub.hook.delivery, noDelivery)
	} else {
		sub.key = drawNew(t, "key", nothing.key, k.keys)
	}
	return sub
}

// drawNew draws a value from known or, rarely, none. The last ones are drawn most often.
func drawNew[T any](t *rapid.T, what string, none T, known []T) T {
	known = append([]T{none}, known...)
	return known[len(known)-1-min(rapid.IntRange(0, 2*len(known)).Draw(t, what)/3, len(known)-1)]
}

// draw draws a call to o about a known subject, with a body drawn from the schema or an
// example and up to three mutations.
func (s *service) draw(t *rapid.T, o operation, known *subjects) *call {
	sub := known.draw(t, o)
	c := s.valid(o, sub)
	if schema := o.bodySchema(); schema != nil && rapid.Bool().Draw(t, "drawn from the schema") {
		c.send(about(sub, valueOf(schema).Draw(t, "body")))
	}
	for range rapid.SampledFrom([]int{0, 0, 1, 1, 2, 3}).Draw(t, "mutations") {
		name := rapid.SampledFrom(mutationNames).Draw(t, "mutation")
		mutations[name](t, s, c)
	}
	return c
}

// about replaces IDs and secrets in a drawn body by those of sub, because random ones
// would never exist.
func about(sub subject, body any) any {
	k := sub.key
	switch body := body.(type) {
	case map[string]any:
		for member, value := range map[string]string{"key": k.secret, "keyId": k.id, "token": k.secret, "webhookId": sub.hook.id} {
			if _, ok := body[member].(string); ok {
				body[member] = value
			}
		}
	case []any:
		for i := range body {
			body[i] = about(sub, body[i])
		}
	}
	return body
}
