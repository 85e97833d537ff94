package fuzzapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/slaunchx/apikeys/test/conform"
)

// promised is a documented response of an operation.
type promised struct {
	status int
	code   string // empty if the body has none
}

func promisesOf(o operation) []promised {
	var all []promised
	for status, response := range o.Responses.Map() {
		number, _ := strconv.Atoi(status)
		codes := conform.Codes(response.Value)
		if codes == nil {
			codes = []string{""}
		}
		for _, code := range codes {
			all = append(all, promised{number, code})
		}
	}
	slices.SortFunc(all, func(a, b promised) int { return a.status - b.status })
	return all
}

func TestService_GivesEveryDocumentedResponse(t *testing.T) {
	t.Parallel()
	sealing, unsealing := newService(t), newService(t, withoutSealingKey)
	for i, o := range sealing.operations {
		for _, p := range promisesOf(o) {
			s := sealing
			if p.code == "4094" {
				s = unsealing
			}
			t.Run(fmt.Sprintf("%s %d %s", o.OperationID, p.status, p.code), func(t *testing.T) {
				if err := s.provoke(t.Context(), s.operations[i], p); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A path that accepts any method has no 405.
func TestService_RejectsOtherMethods(t *testing.T) {
	t.Parallel()
	s := newService(t)
	rejected := 0
	for _, o := range s.operations {
		if o.authorize() {
			continue
		}
		for _, method := range []string{http.MethodHead, http.MethodOptions, http.MethodPut, "BREW"} {
			if s.documents(method, o.path) {
				continue
			}
			c := s.valid(o, nothing)
			c.method = method
			if a, err := s.do(t.Context(), c); err != nil || a.status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: status %d (%v), want 405", method, o.path, a.status, err)
			}
			rejected++
		}
	}
	if rejected == 0 {
		t.Error("no request was sent")
	}
}

// documents reports whether the document has an operation of method on path.
func (s *service) documents(method, path string) bool {
	return slices.ContainsFunc(s.operations, func(o operation) bool { return o.method == method && o.path == path })
}

func TestService_ServesNoOtherPath(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, o := range s.operations {
		for _, tail := range []string{"/", "/nothing/at/all"} {
			if o.authorize() {
				continue // the proxy appends the caller's path after the scopes
			}
			c := s.valid(o, nothing)
			c.path += tail
			if a, err := s.do(t.Context(), c); err != nil || a.status != http.StatusNotFound || a.code != "4041" && c.method != http.MethodHead {
				t.Errorf("%s %s: response %d %s (%v), want 404 4041", c.method, c.path, a.status, a.code, err)
			}
		}
	}
}
