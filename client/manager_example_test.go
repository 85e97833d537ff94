package client_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// A portal creates a key for the owner of a workspace and shows its secret once.
func ExampleWorkspace_CreateKey() {
	ctx := context.Background()
	publicURL, stop := managedService(ctx)
	defer stop()

	m, err := client.NewManager(client.ManagerOptions{
		BaseURL:    publicURL,
		Token:      func(context.Context) (string, error) { return ownerToken, nil },
		ClientHash: "billing-portal",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()

	created, err := m.Workspace("ws_1").CreateKey(ctx, client.KeySpec{Name: "Checkout", Scopes: []string{"payment:read"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(created.Key.Name, created.Key.Status, created.Key.Scopes, created.Secret)
	fmt.Println("to show once:", len(created.Secret.Reveal()), "characters")
	// Output:
	// Checkout ACTIVE [payment:read] [redacted]
	// to show once: 73 characters
}

// The old secret works for another hour, until the new one is everywhere.
func ExampleWorkspace_RotateKey() {
	ctx := context.Background()
	ws, stop := managedWorkspace(ctx)
	defer stop()
	created := must(ws.CreateKey(ctx, client.KeySpec{Name: "Checkout"}))

	rotated, err := ws.RotateKey(ctx, created.Key.ID, time.Hour)
	var replayed *client.Replayed
	switch {
	case errors.As(err, &replayed):
		fmt.Println("the response with the new secret was lost: rotate again")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(rotated.Key.Name, rotated.Secret.Reveal() != created.Secret.Reveal())
	}
	// Output: Checkout true
}

// Keys requests one page after the other.
func ExampleWorkspace_Keys() {
	ctx := context.Background()
	ws, stop := managedWorkspace(ctx)
	defer stop()
	for _, name := range []string{"Checkout", "Reports", "Sync"} {
		must(ws.CreateKey(ctx, client.KeySpec{Name: name}))
	}

	byName := client.KeyQuery{Order: domain.Order{By: domain.ByName, Ascending: true}}
	for key, err := range ws.Keys(ctx, byName) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(key.Name, key.Status)
	}
	// Output:
	// Checkout ACTIVE
	// Reports ACTIVE
	// Sync ACTIVE
}

// An error has a code, and all faults in the user's language.
func ExampleError() {
	ctx := context.Background()
	ws, stop := managedWorkspace(ctx)
	defer stop()

	_, err := ws.CreateKey(ctx, client.KeySpec{Name: "Checkout", IPWhitelist: []string{"192.0.2.1/24"}})
	var response *client.Error
	if errors.As(err, &response) {
		fmt.Println(response.Status, response.Code)
		for _, fault := range response.Faults {
			fmt.Println(fault.Field, fault.Reason)
		}
	}
	_, err = ws.GetKey(ctx, "sk_live_0000000000000000")
	fmt.Println(errors.Is(err, domain.ErrKeyNotFound))
	// Output:
	// 400 4000
	// ipWhitelist[0] host_bits
	// true
}

// managedWorkspace starts a service in memory and returns its workspace ws_1. It
// panics on errors to keep the examples short.
func managedWorkspace(ctx context.Context) (ws *client.Workspace, stop func()) {
	publicURL, stopService := managedService(ctx)
	m := must(client.NewManager(client.ManagerOptions{BaseURL: publicURL, Token: tokenOf(ownerToken), ClientHash: "billing-portal"}))
	return m.Workspace("ws_1"), func() {
		m.Close()
		stopService()
	}
}

func managedService(ctx context.Context) (publicURL string, stop func()) {
	cfg := config.Default()
	cfg.DatabaseURL, cfg.Peppers = "memory://", config.Secret(must(secrets.NewPepper(rand.Reader, "p1")))
	service := must(apikeys.New(ctx, cfg, apikeys.WithAuthenticator(accounts{})))
	server := httptest.NewServer(service.Handler())
	return server.URL, func() {
		server.Close()
		_ = service.Close()
	}
}
