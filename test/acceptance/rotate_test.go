package acceptance

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	goclient "github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

// rotate returns a valid request to rotate a key, without a body if body is
// empty.
func (w *world) rotate(t *testing.T, keyID, body string, changes ...func(*request)) request {
	t.Helper()
	r := w.create(t, body, changes...)
	r.url += "/" + keyID + "/rotate"
	return r
}

func TestRotateKey_200(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, first := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
		w.reason(t, first) // so that it is cached

		a := do(t, w.rotate(t, id, `{"gracePeriodSeconds":60}`))
		second, _ := a.data(t)["secret"].(string)
		want := `{"version":"1.3.0","timestamp":1774051200123,"success":true,"code":"2000","message":"SUCCESS","data":{"apiKeyId":"` + id + `","secret":"` + second + `",` +
			`"name":"k","status":"ACTIVE","mode":"LIVE","permissions":["a:b"],"scopes":["a:b"],"ipWhitelist":[],"createdAt":"2026-03-21T00:00:00Z","lastUsedAt":null,"createdBy":"acc-7","expiresAt":null,"rateLimits":[],"quota":null}}`
		if diff := cmp.Diff(want, withoutUse(a.body)); a.status != http.StatusOK || diff != "" {
			t.Fatalf("%d (-want +got):\n%s", a.status, diff)
		}
		if _, err := domain.ParseSecret(second); err != nil || second == first || !strings.HasPrefix(second, id) {
			t.Fatal("the new secret is not another one of that key")
		}
		expect := func(what, secret, want string) {
			t.Helper()
			if got := w.reason(t, secret); got != want {
				t.Errorf("%s: the check says %s, want %s", what, got, want)
			}
		}
		expect("the new secret", second, "OK")
		expect("the old secret within its grace", first, "OK")
		w.clock.Set(now.Add(time.Minute))
		expect("the old secret after its grace", first, "NOT_FOUND")
		expect("the new secret after the grace", second, "OK")

		third := do(t, w.rotate(t, id, "", without("Content-Type"))).data(t)["secret"].(string)
		expect("a secret rotated without grace", second, "NOT_FOUND")
		expect("its successor", third, "OK")

		w.disableKey(t, id)
		fourth := do(t, w.rotate(t, id, `{}`)).data(t)["secret"].(string)
		expect("the secret of a disabled key that was rotated", fourth, "DISABLED")
	})
}

func TestRotateKey_200_ofManyAtOnceOneIsCurrent(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, _ := w.newKey(t, keySpec{Name: "k", Scopes: []string{"a:b"}})
		keys := w.manager(t)
		var rotations [20]struct {
			secret goclient.Secret
			err    error
		}
		var done sync.WaitGroup
		for i := range rotations {
			done.Go(func() {
				rotated, err := keys.RotateKey(t.Context(), domain.KeyID(id), 0)
				rotations[i].secret, rotations[i].err = rotated.Secret, err
			})
		}
		done.Wait()
		current, givenUp := 0, 0 // by the service, because their turn came too late
		for _, r := range rotations {
			switch code := codeOf(t, r.err); code {
			case "":
				if w.reason(t, r.secret.Reveal()) == "OK" {
					current++
				}
			case "5030":
				givenUp++
			default:
				t.Errorf("rotate: %v", r.err)
			}
		}
		// It is unknown whether an abandoned rotation was made: it may be the
		// last.
		if current != 1 && (current != 0 || givenUp == 0) {
			t.Errorf("%d of the answered secrets work, want 1; %d rotations were given up", current, givenUp)
		}
	})
}

func TestRotateKey_200_withNothingInChunks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKey(t, keySpec{Name: "k"})
	r := w.rotate(t, id, "")
	req, err := http.NewRequestWithContext(t.Context(), r.method, r.url, io.MultiReader()) // of unknown length
	if err != nil {
		t.Fatal(err)
	}
	req.Header, req.TransferEncoding = r.header, []string{"chunked"}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("%d, want 200", res.StatusCode)
	}
}

func TestRotateKey_409_expired(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		id, _ := w.newKey(t, keySpec{Name: "k", ExpiresAt: at("2026-03-21T00:00:10Z")})
		w.clock.Set(now.Add(time.Minute))
		mustBe(t, do(t, w.rotate(t, id, `{}`)), 409, "4090", "Request conflicts with the state of the API key")
	})
}

func TestRotateKey_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, _ := w.newKey(t, keySpec{Name: "k"})
	for body, want := range map[string][]string{
		`{`:                             {"syntax"},
		`null`:                          {"type"},
		`{"gracePeriodSeconds":-1}`:     {"gracePeriodSeconds range"},
		`{"gracePeriodSeconds":604801}`: {"gracePeriodSeconds range"},
		`{"gracePeriodSeconds":1.5}`:    {"gracePeriodSeconds type"},
		`{"gracePeriodSeconds":null}`:   {"gracePeriodSeconds type"},
		`{"grace":1}`:                   {"grace unknown_field"},
	} {
		mustFail(t, do(t, w.rotate(t, id, body)), want)
	}
}

func TestRotateKey_404(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, id := range []string{"sk_live_0000000000000000", "nonsense"} {
		mustBe(t, do(t, w.rotate(t, id, `{}`)), 404, "4040", "API key not found")
	}
}
