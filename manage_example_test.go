package apikeys_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/domain"
)

// mustService returns a service for an example.
func mustService(opts ...apikeys.Option) *apikeys.Service {
	service, err := newService(context.Background(), opts...)
	if err != nil {
		log.Fatal(err)
	}
	return service
}

// mustKey returns a new key of a workspace for an example.
func mustKey(ws *apikeys.Workspace) apikeys.CreatedKey {
	created, err := ws.CreateKey(context.Background(), apikeys.KeySpec{Name: "Production Key", Scopes: []string{"payment:read"}})
	if err != nil {
		log.Fatal(err)
	}
	return created
}

func ExampleService_Workspace() {
	service := mustService()
	defer service.Close()
	mallory := domain.Actor{AccountID: "mallory", Portal: domain.PortalPartner}

	ws, err := service.Workspace(context.Background(), alice, "ws_1", domain.Origin{RequestID: "req-1"})
	fmt.Println(ws.ID(), err)
	_, err = service.Workspace(context.Background(), mallory, "ws_1", domain.Origin{})
	fmt.Println(errors.Is(err, domain.ErrNotOwner))
	// Output:
	// ws_1 <nil>
	// true
}

func ExampleService_OperatorWorkspace() {
	service := mustService()
	defer service.Close()
	ctx := context.Background()

	ws := service.OperatorWorkspace("support-tool", "ws_1", domain.Origin{})
	created := mustKey(ws)
	trail, err := ws.KeyEvents(ctx, created.Key.ID(), domain.Page{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(trail.Events[0].Type, trail.Events[0].By.AccountID)
	// Output: CREATED operator:support-tool
}

func ExampleService_Authorize() {
	service := mustService()
	defer service.Close()
	ctx := context.Background()
	presented := mustKey(service.OperatorWorkspace("support-tool", "ws_1", domain.Origin{})).Secret.Reveal()

	// Text that cannot be a secret gives the zero Secret, which matches no key.
	secret, _ := domain.ParseSecret(presented)
	for _, scope := range []domain.Scope{"payment:read", "payment:write"} {
		decision, err := service.Authorize(ctx, apikeys.Check{Secret: secret, Scopes: []domain.Scope{scope}})
		if err != nil {
			log.Fatal(err) // no decision, so deny
		}
		fmt.Println(scope, decision.Allowed(), decision.Verdict)
	}
	// Output:
	// payment:read true OK
	// payment:write false INSUFFICIENT_SCOPE
}

func ExampleWorkspace_CreateKey() {
	service := mustService()
	defer service.Close()
	ctx := context.Background()
	ws := service.OperatorWorkspace("support-tool", "ws_1", domain.Origin{})

	created, err := ws.CreateKey(ctx, apikeys.KeySpec{Name: "Production Key", Scopes: []string{"payment:read"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.Secret, len(created.Secret.Reveal()))

	_, err = ws.CreateKey(ctx, apikeys.KeySpec{Scopes: []string{"payment"}})
	faults, _ := errors.AsType[domain.Faults](err)
	for _, fault := range faults {
		fmt.Println(fault.Field, fault.Reason)
	}
	// Output:
	// [redacted] 73
	// name length
	// scopes[0] format
}

func ExampleWorkspace_RotateKey() {
	service := mustService()
	defer service.Close()
	ctx := context.Background()
	ws := service.OperatorWorkspace("support-tool", "ws_1", domain.Origin{})
	old := mustKey(ws)

	// The old secret works for another hour.
	rotated, err := ws.RotateKey(ctx, old.Key.ID(), time.Hour)
	if err != nil {
		log.Fatal(err)
	}
	for _, secret := range []domain.Secret{old.Secret, rotated.Secret} {
		decision, err := service.Authorize(ctx, apikeys.Check{Secret: secret})
		fmt.Println(decision.Verdict, err)
	}
	// Output:
	// OK <nil>
	// OK <nil>
}

func ExampleWorkspace_UpdateKey() {
	service := mustService()
	defer service.Close()
	ctx := context.Background()
	ws := service.OperatorWorkspace("support-tool", "ws_1", domain.Origin{})
	created := mustKey(ws)

	name := "Renamed"
	updated, err := ws.UpdateKey(ctx, created.Key.ID(), apikeys.KeyPatch{Name: &name}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(updated.Snapshot().Name)
	// Output: Renamed
}

func ExampleWorkspace_ListKeys() {
	service := mustService()
	defer service.Close()
	ws := service.OperatorWorkspace("support-tool", "ws_1", domain.Origin{})
	mustKey(ws)

	list, err := ws.ListKeys(context.Background(), domain.KeyFilter{}, domain.Order{}, domain.Page{})
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range list.Keys {
		fmt.Println(key.Snapshot().Name, key.Status(time.Now()))
	}
	fmt.Println(list.Total)
	// Output:
	// Production Key ACTIVE
	// 1
}

func ExampleWorkspace_KeyEvents() {
	service := mustService()
	defer service.Close()
	ctx := context.Background()
	ws := service.OperatorWorkspace("support-tool", "ws_1", domain.Origin{})
	created := mustKey(ws)
	if err := ws.DisableKey(ctx, created.Key.ID()); err != nil {
		log.Fatal(err)
	}

	trail, err := ws.KeyEvents(ctx, created.Key.ID(), domain.Page{})
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range trail.Events {
		fmt.Println(event.Type, event.By.AccountID)
	}
	// Output:
	// DISABLED operator:support-tool
	// CREATED operator:support-tool
}

func ExampleWithIdempotencyKey() {
	service := mustService()
	defer service.Close()
	ctx := context.Background()
	ws := service.OperatorWorkspace("support-tool", "ws_1", domain.Origin{})

	spec := apikeys.KeySpec{Name: "Production Key"}
	first, err := ws.CreateKey(ctx, spec, apikeys.WithIdempotencyKey("order-42"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = ws.CreateKey(ctx, spec, apikeys.WithIdempotencyKey("order-42"))
	replayed, ok := errors.AsType[*apikeys.Replayed](err)
	fmt.Println(ok, replayed.Outcome.ID() == first.Key.ID())
	// Output: true true
}

func ExampleWithStore() {
	// Any store that passes the suites of ports/portstest can be used, and its keys may
	// be decorated.
	keys := memory.NewKeyRepository()
	service := mustService(apikeys.WithStore(apikeys.Store{Keys: keys, Changes: keys, Usage: keys}))
	defer service.Close()

	fmt.Println(service.Ready(context.Background()))
	// Output: <nil>
}

func ExampleWithEventHook() {
	events := make(chan apikeys.Event, 1)
	service := mustService(apikeys.WithEventHook(func(_ context.Context, event apikeys.Event) { events <- event }))
	defer service.Close()
	mustKey(service.OperatorWorkspace("support-tool", "ws_1", domain.Origin{}))

	event := <-events
	fmt.Println(event.Type, event.Workspace)
	// Output: CREATED ws_1
}

func ExampleWithMetrics() {
	registry := prometheus.NewRegistry()
	service := mustService(apikeys.WithMetrics(telemetry.New(telemetry.Options{
		Registerer: registry,
		Labels:     prometheus.Labels{"service": "payments"},
	})))
	defer service.Close()

	families, err := registry.Gather()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(families[0].GetName())
	// Output: apikeys_build_info
}

// A handler is tested without a middleware by adding an identity to the
// context.
func ExampleWithIdentity() {
	greet := func(ctx context.Context) string {
		caller, _ := apikeys.IdentityFrom(ctx)
		return "hello " + string(caller.Workspace)
	}
	fmt.Println(greet(apikeys.WithIdentity(context.Background(), apikeys.Identity{Workspace: "ws_1"})))
	// Output: hello ws_1
}
