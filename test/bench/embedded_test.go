package bench

import (
	"crypto/rand"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/serving"
)

// newEmbedded starts a service without listeners, measured as that of the command.
func newEmbedded(t testing.TB, cfg config.Config, options ...apikeys.Option) *apikeys.Service {
	t.Helper()
	s, err := apikeys.New(t.Context(), cfg, append(options, apikeys.WithLogger(newLogger(t)), apikeys.WithMetrics(telemetry.New(telemetry.Options{})))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return s
}

// newServing starts a service that listens on free ports.
func newServing(t testing.TB, cfg config.Config) *serving.Service {
	t.Helper()
	return serving.Start(t, cfg, apikeys.WithLogger(newLogger(t)))
}

// create creates a key by a direct call and returns its secret.
func create(t testing.TB, s *apikeys.Service) domain.Secret {
	t.Helper()
	created, err := openWorkspace(t, s).CreateKey(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return created.Secret
}

// openWorkspace opens the workspace for its owner.
func openWorkspace(t testing.TB, s *apikeys.Service) *apikeys.Workspace {
	t.Helper()
	ws, err := s.Workspace(t.Context(), domain.Actor{
		AccountID: account,
		Portal:    portal,
		Roles:     map[domain.WorkspaceID]domain.Role{workspace: domain.RoleOwner},
	}, workspace, domain.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

var spec = apikeys.KeySpec{Name: "Production Key", Scopes: []string{"payment:read", "payment:write"}}

func newSecret(t testing.TB) domain.Secret {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}
