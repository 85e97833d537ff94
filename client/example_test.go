package client_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// A service that accepts API keys checks them with the service that issues them.
func ExampleClient_Authorize() {
	ctx := context.Background()
	internalURL, secret, stop := issuingService(ctx)
	defer stop()

	c, err := client.New(client.Options{BaseURL: internalURL, Token: "internal-token-of-32-characters-"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	for _, scope := range []domain.Scope{"payment:read", "payment:refund"} {
		decision, err := c.Authorize(ctx, domain.Check{Secret: secret, Scopes: []domain.Scope{scope}})
		switch {
		case errors.Is(err, domain.ErrUnavailable):
			fmt.Println("no decision: deny, and retry later")
		case err != nil:
			fmt.Println("no decision:", err)
		default:
			fmt.Println(scope, decision.Allowed(), decision.Verdict, decision.Key.Workspace)
		}
	}
	// Output:
	// payment:read true OK ws_1
	// payment:refund false INSUFFICIENT_SCOPE ws_1
}

// issuingService starts a service in memory with one key. It panics on errors to
// keep the example short.
func issuingService(ctx context.Context) (internalURL string, secret domain.Secret, stop func()) {
	pepper := must(secrets.NewPepper(rand.Reader, "p1"))
	cfg := config.Default()
	cfg.DatabaseURL, cfg.Peppers = "memory://", config.Secret(pepper)
	cfg.InternalToken = "internal-token-of-32-characters-"
	service := must(apikeys.New(ctx, cfg, apikeys.WithAuthenticator(accounts{})))
	server := httptest.NewServer(service.InternalHandler())

	actor := domain.Actor{AccountID: "acc-7", Portal: domain.PortalTenant, Roles: map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner}}
	ws := must(service.Workspace(ctx, actor, "ws_1", domain.Origin{}))
	created := must(ws.CreateKey(ctx, apikeys.KeySpec{Name: "Checkout", Scopes: []string{"payment:read"}}))
	return server.URL, created.Secret, func() {
		server.Close()
		_ = service.Close()
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
