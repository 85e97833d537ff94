package fault

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// stage is the last acknowledged change of a key.
type stage int

const (
	planned stage = iota
	created
	rotated
	disabled
)

// life is the owner's view of one key, which is created, rotated and disabled.
type life struct {
	name  string // unique
	id    string
	stage stage
	open  bool // the next change was sent and may have been made
	// A secret is "" if the response with it was lost.
	secret, previous string
}

// next sends the next change, with the same idempotency key each time. A 2xx
// acknowledges it.
func (l *life) next(ctx context.Context, w *world) (answer, error) {
	url := w.public + "/web/v1/workspaces/" + workspace + "/api-keys"
	body := ""
	switch l.stage {
	case planned:
		body = `{"name":"` + l.name + `","scopes":["a:b"]}`
	case created:
		url += "/" + l.id + "/rotate"
	case rotated:
		url += "/" + l.id + "/disable"
	}
	l.open = true
	a, err := w.ask(ctx, http.MethodPost, url, body, func(h http.Header) {
		h.Set("Idempotency-Key", fmt.Sprintf("%s-%d", l.name, l.stage))
	})
	if err == nil && a.status/100 == 2 {
		l.book(a)
	}
	return a, err
}

// insist sends the next change until it is acknowledged.
func (l *life) insist(t *testing.T, w *world) (a answer) {
	t.Helper()
	next := l.stage + 1
	eventually(t, "a change is not acknowledged", func() bool {
		var err error
		if a, err = l.next(t.Context(), w); err != nil || !changed(a) && a.status != http.StatusServiceUnavailable {
			t.Fatalf("%s after stage %d: %d %s, %v", l.name, l.stage, a.status, a.body, err)
		}
		return l.stage == next
	})
	return a
}

func (l *life) book(a answer) {
	switch l.stage {
	case planned:
		l.id, l.secret = member(a.body, "apiKeyId"), member(a.body, "secret")
	case created:
		l.previous, l.secret = l.secret, member(a.body, "secret")
	}
	l.stage, l.open = l.stage+1, false
}

// keyID returns the identifier at the beginning of a secret.
func keyID(secret string) string { return secret[:domain.KeyIDLength] }

// member returns a string member of a JSON object, or "" if there is none.
func member(body, name string) string {
	_, rest, _ := strings.Cut(body, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// expectation contains the possible results of a check.
type expectation struct {
	life    *life
	secret  string
	reasons []string
}

// expected returns the expectations for the key's secrets after the
// acknowledged changes.
func (l *life) expected() (all []expectation) {
	if l.previous != "" {
		all = append(all, expectation{l, l.previous, []string{"NOT_FOUND"}})
	}
	if l.secret == "" {
		return all
	}
	reasons := []string{"OK"}
	switch {
	case l.stage == disabled:
		reasons = []string{"DISABLED"}
	case l.stage == rotated && l.open:
		reasons = append(reasons, "DISABLED")
	case l.stage == created && l.open:
		reasons = append(reasons, "NOT_FOUND")
	}
	return append(all, expectation{l, l.secret, reasons})
}

// owner creates keys, one after the other.
type owner struct {
	name  string
	lives []*life
}

// current returns the key whose change is next.
func (o *owner) current() *life {
	if n := len(o.lives); n > 0 && o.lives[n-1].stage != disabled {
		return o.lives[n-1]
	}
	l := &life{name: fmt.Sprintf("%s-%d", o.name, len(o.lives))}
	o.lives = append(o.lives, l)
	return l
}
