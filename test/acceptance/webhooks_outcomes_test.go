package acceptance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// webhookOperations returns a valid request of every documented operation on webhooks, by
// its name.
func (w *world) webhookOperations(t *testing.T, id, delivery string) map[string]request {
	t.Helper()
	operations := map[string]request{
		"createWebhook":  w.onWebhooks(t, "POST", "", `{"url":"https://hooks.example.com"}`),
		"listWebhooks":   w.onWebhooks(t, "GET", "", ""),
		"getWebhook":     w.onWebhooks(t, "GET", "/"+id, ""),
		"updateWebhook":  w.onWebhooks(t, "PATCH", "/"+id, `{"description":"d"}`),
		"deleteWebhook":  w.onWebhooks(t, "POST", "/delete", `{"webhookId":"`+id+`"}`),
		"rotateWebhook":  w.onWebhooks(t, "POST", "/"+id+"/rotate", ""),
		"testWebhook":    w.onWebhooks(t, "POST", "/"+id+"/test", ""),
		"listDeliveries": w.onWebhooks(t, "GET", "/"+id+"/deliveries", ""),
		"retryDelivery":  w.onWebhooks(t, "POST", "/"+id+"/deliveries/"+delivery+"/retry", ""),
	}
	contract, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	documented := operationsBelow(contract, "/web/v1/workspaces/{workspaceId}/webhooks")
	if diff := cmp.Diff(documented, slices.Sorted(maps.Keys(operations))); diff != "" {
		t.Fatalf("the operations (-document +here):\n%s", diff)
	}
	return operations
}

// someWebhook and someDelivery are well-formed identifiers of nothing.
var (
	someWebhook  = "wh_" + strings.Repeat("0", 22)
	someDelivery = "dlv_" + strings.Repeat("0", 44)
)

// onEachWebhookOperation sends a valid request of each operation, changed, and passes the
// answer to check.
func (w *world) onEachWebhookOperation(t *testing.T, change func(*request), check func(*testing.T, request, answer)) {
	t.Helper()
	for name, r := range w.webhookOperations(t, someWebhook, someDelivery) {
		t.Run(name, func(t *testing.T) {
			if change != nil {
				change(&r)
			}
			check(t, r, do(t, r))
		})
	}
}

// failingWebhooks is a store of webhooks whose calls on behalf of owners fail.
type failingWebhooks struct {
	ports.WebhookStore
	fail func() error
}

func (f failingWebhooks) CreateWebhook(context.Context, domain.Webhook, domain.Event, *ports.Idempotency) error {
	return f.fail()
}

func (f failingWebhooks) UpdateWebhook(context.Context, domain.WorkspaceID, domain.WebhookID, func(*domain.Webhook) (domain.Event, error), *ports.Idempotency) error {
	return f.fail()
}

func (f failingWebhooks) Webhook(context.Context, domain.WorkspaceID, domain.WebhookID) (*domain.Webhook, error) {
	return nil, f.fail()
}

func (f failingWebhooks) Webhooks(context.Context, domain.WorkspaceID, domain.Page) (ports.WebhookPage, error) {
	return ports.WebhookPage{}, f.fail()
}

func (f failingWebhooks) Deliveries(context.Context, domain.WorkspaceID, domain.WebhookID, domain.DeliveryStatus, domain.Page) (ports.DeliveryPage, error) {
	return ports.DeliveryPage{}, f.fail()
}

func (f failingWebhooks) TestWebhook(context.Context, domain.WorkspaceID, domain.WebhookID, domain.WebhookEvent, *ports.Idempotency) error {
	return f.fail()
}

func (f failingWebhooks) RetryDelivery(context.Context, domain.WorkspaceID, domain.WebhookID, domain.DeliveryID, *ports.Idempotency) error {
	return f.fail()
}

func failingWebhookWorld(t *testing.T, fail func() error) *world {
	t.Helper()
	keys := memory.NewKeyRepository()
	hooks := failingWebhooks{memory.NewWebhookStore(keys, time.Now), fail}
	return newWorld(t, sealing, apikeys.WithStore(apikeys.Store{Keys: keys, Webhooks: hooks}))
}

func TestWebhooks_500(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"an error": func() error { return errors.New("column \"url\" is on fire") },
		"a panic":  func() error { panic("on fire") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failingWebhookWorld(t, fail).onEachWebhookOperation(t, nil, func(t *testing.T, _ request, a answer) {
				mustBe(t, a, 500, "5000", "Internal error")
			})
		})
	}
}

func TestWebhooks_503(t *testing.T) {
	t.Parallel()
	w := failingWebhookWorld(t, func() error { return fmt.Errorf("connect: %w", domain.ErrUnavailable) })
	w.onEachWebhookOperation(t, nil, func(t *testing.T, _ request, a answer) {
		mustBe(t, a, 503, "5030", "Service temporarily unavailable")
		if got := a.header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After = %q", got)
		}
	})
}

func TestWebhooks_503_whileKeysAreManaged(t *testing.T) {
	t.Parallel()
	store := newHeld()
	w := newWorld(t, func(cfg *config.Config) { unlimited(cfg); sealing(cfg) },
		apikeys.WithStore(apikeys.Store{Keys: store, Webhooks: memory.NewWebhookStore(memory.NewKeyRepository(), time.Now)}))
	answers := make(chan answer, managedAtOnce)
	for range managedAtOnce {
		begin(t, w.create(t, `{"name":"k"}`), answers)
	}
	for range managedAtOnce {
		<-store.entered
	}
	// Should the machine be so busy that creations end meanwhile, for they wait 2 s for the
	// store, an operation may find a place and is then answered as usual.
	w.onEachWebhookOperation(t, nil, func(t *testing.T, _ request, a answer) {
		if a.status != http.StatusServiceUnavailable && len(answers) == 0 {
			t.Errorf("answer = %d %s", a.status, a.body)
		}
	})
	close(store.proceed)
	for range managedAtOnce {
		<-answers
	}
}

func TestWebhooks_400_ofTheHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sealing)
	for name, c := range map[string]struct {
		change func(*request)
		faults []string
	}{
		"none":              {func(r *request) { without("X-Client-Hash")(r); without("X-Workspace-Id")(r) }, []string{"X-Client-Hash required", "X-Workspace-Id required"}},
		"another workspace": {set("X-Workspace-Id", "ws_2"), []string{"X-Workspace-Id mismatch"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.onEachWebhookOperation(t, c.change, func(t *testing.T, _ request, a answer) {
				if got := a.faults(t); a.status != 400 || !slices.Equal(got, c.faults) {
					t.Errorf("%d %v, want %v", a.status, got, c.faults)
				}
			})
		})
	}
	w.onEachWebhookOperation(t, set("Idempotency-Key", "a b"), func(t *testing.T, r request, a answer) {
		if got := a.faults(t); r.method == http.MethodPost && !slices.Equal(got, []string{"Idempotency-Key characters"}) {
			t.Errorf("a malformed idempotency key: %d %v", a.status, got)
		}
	})
}

func TestWebhooks_404(t *testing.T) {
	onEveryStoreWith(t, sealing, func(t *testing.T, w *world) {
		const url = `{"url":"https://hooks.example.com"}`
		id, _ := w.newWebhook(t, url)
		if a := do(t, w.onWebhooks(t, "POST", "/"+id+"/test", "")); a.status != http.StatusAccepted {
			t.Fatalf("test: %d %s", a.status, a.body)
		}
		items := do(t, w.onWebhooks(t, "GET", "/"+id+"/deliveries", "")).data(t)["items"].([]any)
		delivery, _ := items[0].(map[string]any)["deliveryId"].(string)
		other, _ := w.newWebhook(t, url)

		// Another workspace's owner learns nothing of a webhook that exists.
		abroad := func(r *request) {
			r.url = strings.Replace(r.url, "/"+workspace+"/", "/ws_2/", 1)
			set("X-Workspace-Id", "ws_2")(r)
			as(w.token(t, func(c *jwttest.Claims) { c.Workspaces = map[string]string{"ws_2": "OWNER"} }))(r)
		}
		for name, c := range map[string]struct {
			id, delivery string
			change       func(*request)
		}{
			"an unknown webhook":             {someWebhook, delivery, nil},
			"a malformed webhook":            {id + "0", delivery, nil},
			"a webhook in another case":      {strings.ToUpper(id), delivery, nil},
			"a webhook of another workspace": {id, delivery, abroad},
		} {
			for operation, r := range w.webhookOperations(t, c.id, c.delivery) {
				if c.change != nil {
					c.change(&r)
				}
				if operation != "createWebhook" && operation != "listWebhooks" {
					t.Log(name, operation)
					mustBe(t, do(t, r), 404, "4042", "Webhook not found")
				}
			}
		}
		for name, path := range map[string]string{
			"an unknown delivery":           id + "/deliveries/" + someDelivery,
			"a malformed delivery":          id + "/deliveries/dlv_1",
			"a delivery of another webhook": other + "/deliveries/" + delivery,
			"an empty webhook":              "/deliveries/" + delivery,
		} {
			a := do(t, w.onWebhooks(t, "POST", "/"+path+"/retry", ""))
			if want := map[bool]string{false: "4042", true: "4041"}[path[0] == '/']; a.status != 404 || !strings.Contains(a.body, want) {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		if a := do(t, w.onWebhooks(t, "GET", "/"+id, "")); a.status != http.StatusOK {
			t.Errorf("afterwards the webhook is answered %d %s", a.status, a.body)
		}
	})
}

func TestWebhooks_406_413_415(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sealing)
	w.onEachWebhookOperation(t, set("Accept", "text/html"), func(t *testing.T, _ request, a answer) {
		mustBe(t, a, 406, "4060", "Response type not available")
	})
	tooLarge := func(r *request) { r.body = strings.Repeat(" ", 64<<10+1); without("Authorization")(r) }
	w.onEachWebhookOperation(t, tooLarge, func(t *testing.T, _ request, a answer) {
		mustBe(t, a, 413, "4130", "Request body is too large")
	})
	plain := func(r *request) { r.body = "x"; set("Content-Type", "text/plain")(r) }
	w.onEachWebhookOperation(t, plain, func(t *testing.T, _ request, a answer) {
		mustBe(t, a, 415, "4150", "Content-Type must be application/json")
	})
}

func TestWebhooks_429(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) {
		sealing(cfg)
		cfg.ManagementRate, cfg.AuthFailureRate = 1, 1
	})
	do(t, w.onWebhooks(t, "GET", "", ""))
	w.onEachWebhookOperation(t, nil, func(t *testing.T, _ request, a answer) { mustBeLimited(t, a, "60") })
	do(t, w.onWebhooks(t, "GET", "", "", without("Authorization")))
	w.onEachWebhookOperation(t, without("Authorization"), func(t *testing.T, _ request, a answer) { mustBeLimited(t, a, "60") })
}

// heldWebhooks is a store of webhooks whose test waits.
type heldWebhooks struct {
	ports.WebhookStore
	entered, proceed chan struct{}
}

func (h heldWebhooks) TestWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, event domain.WebhookEvent, idempotency *ports.Idempotency) error {
	close(h.entered)
	<-h.proceed
	return h.WebhookStore.TestWebhook(ctx, workspace, id, event, idempotency)
}

func TestWebhooks_409_WhileTheIdempotencyKeyIsInFlight(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	hooks := heldWebhooks{memory.NewWebhookStore(keys, time.Now), make(chan struct{}), make(chan struct{})}
	w := newWorld(t, sealing, apikeys.WithStore(apikeys.Store{Keys: keys, Webhooks: hooks}))
	id, _ := w.newWebhook(t, `{"url":"https://hooks.example.com"}`)
	first := make(chan answer, 1)
	begin(t, w.onWebhooks(t, "POST", "/"+id+"/test", "", set("Idempotency-Key", "k")), first)
	<-hooks.entered
	operations := w.webhookOperations(t, id, someDelivery)
	operations["createKey"] = w.create(t, `{"name":"k"}`)
	for name, r := range operations {
		if r.method != http.MethodPost {
			continue
		}
		set("Idempotency-Key", "k")(&r)
		a := do(t, r)
		if a.status != http.StatusConflict || !strings.Contains(a.body, `"4090"`) || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s, Retry-After %q", name, a.status, a.body, a.header.Get("Retry-After"))
		}
	}
	close(hooks.proceed)
	if a := <-first; a.status != http.StatusAccepted {
		t.Errorf("the first is answered %d %s", a.status, a.body)
	}
	for name, r := range operations {
		if r.method == http.MethodPost && name != "testWebhook" {
			set("Idempotency-Key", "k")(&r)
			mustBe(t, do(t, r), 409, "4091", "Idempotency-Key was used with a different request")
		}
	}
}

func TestWebhooks_409_NoneIsRotatedWithoutASealingKey(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	hooks := memory.NewWebhookStore(keys, time.Now)
	store := apikeys.WithStore(apikeys.Store{Keys: keys, Webhooks: hooks})
	id, _ := newWorld(t, sealing, store).newWebhook(t, `{"url":"https://hooks.example.com"}`)
	w := newWorld(t, nil, store)
	mustBe(t, do(t, w.onWebhooks(t, "POST", "/"+id+"/rotate", "")), 409, "4094", "Webhooks are not set up on this service")
	if a := do(t, w.onWebhooks(t, "PATCH", "/"+id, `{"enabled":false}`)); a.status != http.StatusOK {
		t.Errorf("a change without one: %d %s", a.status, a.body)
	}
}
