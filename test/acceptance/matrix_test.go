package acceptance

import (
	"fmt"
	"net/http"
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
	if store == "memory" {
		w.unchecked() // the other stores check a sample of its situations
	}
	groups := w.prepared(t, share, keyless)
	w.clock.Set(expiry.Add(time.Minute))
	for name, group := range groups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range group {
				w.holdTo(t, c)
			}
		})
	}
}

// matrixCase is a situation, its key, and the response.
type matrixCase struct {
	situation
	id     string
	answer outcome
}

// prepared creates the keys of one situation in share, and returns the cases by
// operation and role, which do not affect each other.
func (w *world) prepared(t *testing.T, share int, keyless bool) map[string][]matrixCase {
	t.Helper()
	table, groups := outcomes(t), map[string][]matrixCase{}
	for i, s := range situations() {
		if i%share == 0 && asks[s.operation].keyless == keyless {
			group := s.operation + " " + s.role
			groups[group] = append(groups[group], matrixCase{s, w.keyFor(t, s), decide(t, table, s)})
		}
	}
	return groups
}

// holdTo sends the request, and fails the test if the response is not that of
// the table, or if a rejected request has changed something.
func (w *world) holdTo(t *testing.T, c matrixCase) {
	t.Helper()
	before := w.kept(t, c.situation, c.id)
	a := do(t, w.asked(t, c.situation, c.id))
	if got := fmt.Sprint(a.status, " ", a.code(t)); got != c.answer.answer {
		t.Errorf("%s: %s, want %s as line %d of the table has it", c, got, c.answer.answer, c.answer.line)
	}
	if after := w.kept(t, c.situation, c.id); a.status >= 400 && after != before {
		t.Errorf("%s: it is refused and changes %s to %s", c, before, after)
	}
}

// code returns the code of the response, which a 204 does not contain.
func (a answer) code(t *testing.T) string {
	t.Helper()
	if a.status == http.StatusNoContent {
		return "2000"
	}
	return a.fields(t)["code"].(string)
}
