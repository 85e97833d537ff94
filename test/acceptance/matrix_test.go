package acceptance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/config"
)

// matrixShares is n for a store on which one in n situations is tested. n has
// no factor in common with the size of a column, so that every value occurs.
var matrixShares = map[string]int{"memory": 1, "sqlite": 37, "postgres": 37}

func TestAuthorization_IsAnsweredAsTheTableHasIt(t *testing.T) {
	t.Parallel()
	for store, share := range matrixShares {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			// In worlds of their own, since counting the keys of a workspace takes the
			// longer, the more keys there are.
			t.Run("operations on a key", func(t *testing.T) { t.Parallel(); holdToTheTable(t, store, share, false) })
			t.Run("others", func(t *testing.T) { t.Parallel(); holdToTheTable(t, store, share, true) })
		})
	}
}

// holdToTheTable tests the operations that name a key, or those that do not.
func holdToTheTable(t *testing.T, store string, share int, keyless bool) {
	t.Helper()
	w := newWorld(t, func(cfg *config.Config) {
		cfg.DatabaseURL = config.Secret(stores[store](t))
		cfg.ManagementRate, cfg.MaxKeysPerWorkspace = 0, 0
	})
	answer := do
	if store == "memory" {
		answer = handledBy(w.service.Handler()) // the other stores answer a sample of its situations over the network
	}
	groups := w.prepared(t, share, keyless)
	w.clock.Set(expiry.Add(time.Minute))
	for name, group := range groups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range group {
				w.holdTo(t, c, answer)
			}
		})
	}
}

// matrixCase is a situation, its key and token, and the response.
type matrixCase struct {
	situation
	id, token string
	answer    outcome
}

// prepared creates the keys of one situation in share, and returns the cases by
// operation and role, which do not affect each other.
func (w *world) prepared(t *testing.T, share int, keyless bool) map[string][]matrixCase {
	t.Helper()
	table, groups, tokens := outcomes(t), map[string][]matrixCase{}, map[string]string{}
	for i, s := range situations() {
		if i%share == 0 && asks[s.operation].keyless == keyless {
			group := s.operation + " " + s.role
			by := group + " " + s.portal
			if tokens[by] == "" {
				tokens[by] = w.tokenFor(t, s)
			}
			groups[group] = append(groups[group], matrixCase{s, w.keyFor(t, s), tokens[by], decide(t, table, s)})
		}
	}
	return groups
}

// holdTo sends the request, and fails the test if the response is not that of
// the table, or if a rejected request has changed something.
func (w *world) holdTo(t *testing.T, c matrixCase, answer func(*testing.T, request) answer) {
	t.Helper()
	before := w.kept(t, c.situation, c.id)
	a := answer(t, w.asked(c))
	if got := fmt.Sprint(a.status, " ", a.code(t)); got != c.answer.answer {
		t.Errorf("%s: %s, want %s as line %d of the table has it", c, got, c.answer.answer, c.answer.line)
	}
	if a.status < 400 {
		return
	}
	if after := w.kept(t, c.situation, c.id); after != before {
		t.Errorf("%s: it is refused and changes %s to %s", c, before, after)
	}
}

// code returns the code of the response, which a 204 does not contain.
func (a answer) code(t *testing.T) string {
	t.Helper()
	if a.status == http.StatusNoContent {
		return "2000"
	}
	var body struct{ Code string }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("body is not JSON: %v: %s", err, a.body)
	}
	return body.Code
}

// handledBy returns the function that sends requests to h without the network.
func handledBy(h http.Handler) func(*testing.T, request) answer {
	return func(t *testing.T, r request) answer {
		t.Helper()
		asked := httptest.NewRequestWithContext(t.Context(), r.method, r.url, strings.NewReader(r.body))
		asked.Header = r.header
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, asked)
		return answer{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
	}
}
