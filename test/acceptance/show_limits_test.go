package acceptance

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
)

// showLimits returns a valid request for what is left of the limits of a key.
func (w *world) showLimits(t *testing.T, keyID, query string, changes ...func(*request)) request {
	t.Helper()
	return w.manage(t, http.MethodGet, "/"+keyID+"/limits"+query, changes...)
}

const dayAndTotal = `{"name":"k","scopes":["a:b"],"rateLimits":[{"name":"day","limit":5,"windowSeconds":86400},{"name":"other","limit":900,"windowSeconds":86400}],"quota":{"limit":8,"period":"TOTAL"}}`

// soon polls until done, but not forever, and unlike await it does not fail: while this
// process is leasing another share, that counts neither as left in the store nor as held,
// and the test is repeated if a share was lost.
func soon(done func() bool) {
	for tries := 0; tries < 500 && !done(); tries++ {
		<-time.After(10 * time.Millisecond)
	}
}

// What is shown is what the last check has shown, whatever became of the key since.
func TestShowLimits_200(t *testing.T) {
	countedOnEveryStore(t, func(t *testing.T, w *world, report reportf) {
		id, secret := w.newKeyOf(t, dayAndTotal)
		left := func(day, other, quota string) string {
			return `"limits":[{"name":"day","limit":5,"remaining":` + day + `,"resetSeconds":T},{"name":"other","limit":900,"remaining":` + other +
				`,"resetSeconds":T},{"name":"quota","limit":8,"remaining":` + quota + `,"resetSeconds":null}]}`
		}
		shown := func(when, want string) {
			t.Helper()
			var a answer
			var got string
			soon(func() bool {
				a = do(t, w.showLimits(t, id, ""))
				_, got, _ = strings.Cut(withoutTimes(a.body), `"data":`)
				return a.status == 200 && got == `{`+want+`}`
			})
			if a.status != 200 || got != `{`+want+`}` {
				report("%s: %d (-want +got):\n%s", when, a.status, cmp.Diff(`{`+want+`}`, got))
			}
			mustHaveHeaders(t, a)
		}
		shown("before any check", left("5", "900", "8"))
		shown("again, since it spends nothing", left("5", "900", "8"))
		if got := do(t, w.manage(t, http.MethodGet, "/"+id)).data(t)["lastUsedAt"]; got != nil {
			t.Errorf("it counts as use: %v", got)
		}
		for _, step := range []struct{ question, want string }{
			{`,"cost":2`, left("3", "898", "6")},
			{`,"cost":4`, left("3", "898", "6")},         // denied
			{`,"scopes":["x:y"]`, left("3", "898", "6")}, // denied by another rule
			{`,"cost":3`, left("0", "895", "3")},
		} {
			checked := do(t, w.verify(`{"key":"`+secret+`"`+step.question+`}`))
			if !strings.HasSuffix(withoutTimes(checked.body), step.want+`}`) {
				report("verify: %s, want %s", checked.body, step.want)
			}
			shown("after a check of "+step.question, step.want)
		}
		var states []domain.LimitState
		var err error
		soon(func() bool {
			states, err = w.manager(t).KeyLimits(t.Context(), domain.KeyID(id))
			return err != nil || len(states) != 3 || states[1].Remaining == 895
		})
		if err != nil || len(states) != 3 || states[1].Limit.Name != "other" || states[1].Remaining != 895 || states[1].Reset <= 0 || states[2].Reset >= 0 {
			report("the client gets %+v, error %v", states, err)
		}

		do(t, w.manage(t, http.MethodPost, "/"+id+"/disable"))
		shown("disabled", left("0", "895", "3"))
		if a := w.key(t, id, http.MethodPatch, `{"rateLimits":null,"quota":{"limit":4,"period":"TOTAL"}}`); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		shown("lowered below what is spent", `"limits":[{"name":"quota","limit":4,"remaining":0,"resetSeconds":null}]}`)
		w.key(t, id, http.MethodPatch, `{"quota":null}`)
		shown("without limits", `"limits":[]}`)
		if states, err := w.manager(t).KeyLimits(t.Context(), domain.KeyID(id)); err != nil || len(states) != 0 {
			report("the client gets %+v, error %v of a key without limits", states, err)
		}
	})
}

func TestShowLimits_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKeyOf(t, dayAndTotal)
	mustFail(t, do(t, w.showLimits(t, id, "?name=day")), []string{"name unknown_field"})
}

func TestShowLimits_404(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, _ := w.newKeyOf(t, dayAndTotal)
		mustNotFind(t, w, id, w.showLimits)
		do(t, w.remove(t, id))
		mustBe(t, do(t, w.showLimits(t, id, "")), 404, "4040", "API key not found")
	})
}

// Only what must be counted needs the store of limits.
func TestShowLimits_503(t *testing.T) {
	t.Parallel()
	down, keys := new(atomic.Bool), memory.NewKeyRepository()
	w := newWorld(t, nil, apikeys.WithStore(apikeys.Store{Keys: keys, Limits: unreachableLimits{memory.NewLimitStore(newClock(now).Now), down}}))
	limited, _ := w.newKeyOf(t, dayAndTotal)
	unlimited, _ := w.newKey(t, keySpec{Name: "k"})
	down.Store(true)
	a := do(t, w.showLimits(t, limited, ""))
	mustBe(t, a, 503, "5030", "Service temporarily unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if a := do(t, w.showLimits(t, unlimited, "")); a.status != http.StatusOK || !strings.HasSuffix(a.body, `"data":{"limits":[]}}`) {
		t.Errorf("a key without limits: %d %s", a.status, a.body)
	}
	down.Store(false)
	if a := do(t, w.showLimits(t, limited, "")); a.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
}

// Limits that cannot be read are not shown by the other views of the key either, and
// checks are denied.
func TestShowLimits_LeavesOutDamagedLimits(t *testing.T) {
	onDamagedStores(t, func(t *testing.T, w damagedWorld) {
		id, _ := w.newKeyOf(t, dayAndTotal)
		w.damage(t, `UPDATE api_keys SET rate_limits = '[{"name":7}]' WHERE id = '`+id+`'`)
		a := do(t, w.showLimits(t, id, ""))
		if a.status != http.StatusOK || !strings.HasSuffix(a.body, `"data":{"limits":[{"name":"quota","limit":8,"remaining":8,"resetSeconds":null}]}}`) {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
