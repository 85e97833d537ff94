package apikeys_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// This is the one-minute tour: a service on memory, one key, two checks.
func Example() {
	ctx := context.Background()
	service, err := newService(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer service.Close()

	ws, err := service.Workspace(ctx, alice, "ws_1", domain.Origin{})
	if err != nil {
		fmt.Println(err)
		return
	}
	created, err := ws.CreateKey(ctx, apikeys.KeySpec{Name: "Production Key", Scopes: []string{"payment:read", "payment:write"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("created:", created.Key.ID()[:len("sk_live_")]+"…", created.Secret)

	// Later, a caller presents a secret. A malformed one becomes the zero Secret, which
	// belongs to no key.
	secret, _ := domain.ParseSecret(created.Secret.Reveal())
	for _, scope := range []domain.Scope{"payment:read", "payment:refund"} {
		decision, err := service.Authorize(ctx, apikeys.Check{Secret: secret, Scopes: []domain.Scope{scope}})
		if err != nil {
			fmt.Println("no answer, hence no:", err)
			return
		}
		fmt.Println(scope, decision.Allowed(), decision.Verdict, decision.Key.Workspace)
	}
	// Output:
	// created: sk_live_… [redacted]
	// payment:read true OK ws_1
	// payment:refund false INSUFFICIENT_SCOPE ws_1
}

// alice owns the workspace ws_1.
var alice = domain.Actor{
	AccountID: "alice",
	Portal:    domain.PortalPartner,
	Roles:     map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner},
}

// sessions is the embedder's own authenticator.
type sessions map[string]domain.Actor

// Authenticate implements apikeys.Authenticator.
func (s sessions) Authenticate(_ context.Context, token string) (domain.Actor, error) {
	actor, ok := s[token]
	if !ok {
		return domain.Actor{}, fmt.Errorf("no such session: %w", domain.ErrInvalidToken)
	}
	return actor, nil
}

// newService returns a service on memory, for tests and examples. In production
// the pepper must be stored, because keys are useless without it.
func newService(ctx context.Context, opts ...apikeys.Option) (*apikeys.Service, error) {
	return newServiceOn(ctx, "memory://", opts...)
}

// newServiceOn returns a service on that database.
func newServiceOn(ctx context.Context, database config.Secret, opts ...apikeys.Option) (*apikeys.Service, error) {
	pepper, err := secrets.NewPepper(rand.Reader, "p1")
	if err != nil {
		return nil, err
	}
	cfg := config.Default()
	cfg.DatabaseURL = database
	cfg.Peppers = config.Secret(pepper)
	return apikeys.New(ctx, cfg, append(opts,
		apikeys.WithAuthenticator(sessions{"token-of-alice": alice}),
		apikeys.WithLogger(slog.New(slog.DiscardHandler)))...)
}

// newKey returns the secret of a new key with the given scopes.
func newKey(ctx context.Context, service *apikeys.Service, scopes ...string) (string, error) {
	ws, err := service.Workspace(ctx, alice, "ws_1", domain.Origin{})
	if err != nil {
		return "", err
	}
	created, err := ws.CreateKey(ctx, apikeys.KeySpec{Name: "Example", Scopes: scopes})
	if err != nil {
		return "", err
	}
	return created.Secret.Reveal(), nil
}
