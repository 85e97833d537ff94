package acceptance

import (
	"errors"
	"net/http"
	"testing"

	goclient "github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/config"
)

func TestCreateKey_409_theWorkspaceIsFull(t *testing.T) {
	atMost3 := func(cfg *config.Config) { cfg.MaxKeysPerWorkspace = 3 }
	onEveryStoreWith(t, atMost3, func(t *testing.T, w *world) {
		ctx, keys := t.Context(), w.manager(t)
		full := func(name string, options ...goclient.ChangeOption) {
			t.Helper()
			if _, err := keys.CreateKey(ctx, keySpec{Name: name}, options...); codeOf(t, err) != "4092" {
				t.Errorf("%s: %v, want 4092", name, err)
			}
		}
		requests := make([]request, 10)
		for i := range requests {
			requests[i] = w.create(t, `{"name":"k"}`)
		}
		made := 0
		for _, a := range atOnce(t, requests) {
			if a.status == http.StatusCreated {
				made++
				continue
			}
			mustBe(t, a, 409, "4092", "Workspace has reached its number of API keys")
		}
		listed := must(keys.ListKeys(ctx, goclient.KeyQuery{}))(t).Keys
		if made != 3 || len(listed) != 3 {
			t.Fatalf("%d were made of 10 at once, and there are %d", made, len(listed))
		}
		first, inItsPlace := string(listed[0].ID), goclient.WithIdempotencyKey("o")
		w.disableKey(t, first)
		full("beside a disabled one")
		w.deleteKey(t, first)
		if _, err := keys.CreateKey(ctx, keySpec{Name: "in its place"}, inItsPlace); err != nil {
			t.Errorf("after a deletion: %v", err)
		}
		full("one more", goclient.WithIdempotencyKey("left-free"))
		_, err := keys.CreateKey(ctx, keySpec{Name: "in its place"}, inItsPlace)
		if _, replayed := errors.AsType[*goclient.Replayed](err); !replayed {
			t.Errorf("a replay in a full workspace: %v", err)
		}
	})
}

func TestCreateKey_201_withoutACap(t *testing.T) {
	onEveryStoreWith(t, func(cfg *config.Config) { cfg.MaxKeysPerWorkspace = 0 }, func(t *testing.T, w *world) {
		for range 3 {
			w.newKey(t, keySpec{Name: "k"})
		}
	})
}
