package acceptance

import (
	"net/http"
	"testing"

	"github.com/slaunchx/apikeys/config"
)

func TestCreateKey_409_theWorkspaceIsFull(t *testing.T) {
	atMost3 := func(cfg *config.Config) { cfg.MaxKeysPerWorkspace = 3 }
	onEveryStoreWith(t, atMost3, func(t *testing.T, w *world) {
		full := func(r request) {
			t.Helper()
			mustBe(t, do(t, r), 409, "4092", "Workspace has reached its number of API keys")
		}
		requests := make([]request, 10)
		for i := range requests {
			requests[i] = w.create(t, `{"name":"k"}`)
		}
		made := 0
		for _, a := range atOnce(t, requests) {
			switch a.status {
			case http.StatusCreated:
				made++
			case http.StatusConflict:
			default:
				t.Errorf("status %d", a.status)
			}
		}
		items := do(t, w.list(t, "")).data(t)["items"].([]any)
		if made != 3 || len(items) != 3 {
			t.Fatalf("%d were made of 10 at once, and there are %d", made, len(items))
		}
		first := items[0].(map[string]any)["apiKeyId"].(string)
		do(t, w.manage(t, http.MethodPost, "/"+first+"/disable"))
		full(w.create(t, `{"name":"beside a disabled one"}`))
		do(t, w.remove(t, first))
		if a := do(t, w.create(t, `{"name":"in its place"}`, idempotencyKey("o"))); a.status != http.StatusCreated {
			t.Errorf("after a deletion: %d %s", a.status, a.body)
		}
		full(w.create(t, `{"name":"one more"}`, idempotencyKey("left-free")))
		if a := do(t, w.create(t, `{"name":"in its place"}`, idempotencyKey("o"))); a.status != http.StatusCreated || a.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("a replay in a full workspace: %d %s", a.status, a.body)
		}
	})
}

func TestCreateKey_201_withoutACap(t *testing.T) {
	onEveryStoreWith(t, func(cfg *config.Config) { cfg.MaxKeysPerWorkspace = 0 }, func(t *testing.T, w *world) {
		for range 3 {
			if a := do(t, w.create(t, `{"name":"k"}`)); a.status != http.StatusCreated {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
	})
}
