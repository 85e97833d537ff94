package generators

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/serving"
)

const (
	root     = "../.."
	document = root + "/adapters/httpapi/openapi/openapi.json"
	token    = "token-of-the-owner"
)

// owner accepts the token of the owner of workspace ws_1.
type owner struct{}

func (owner) Authenticate(_ context.Context, given string) (domain.Actor, error) {
	if given != token {
		return domain.Actor{}, domain.ErrInvalidToken
	}
	return domain.Actor{AccountID: "acc-7", Portal: domain.PortalTenant, Roles: map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner}}, nil
}

// startService starts a service in memory and returns the environment with which
// programs find it.
func startService(t *testing.T) []string {
	t.Helper()
	running := serving.Start(t, serving.Config(), apikeys.WithAuthenticator(owner{}))
	return append(os.Environ(), "KEYS_URL=http://"+running.Public, "KEYS_TOKEN="+token)
}

// run runs a command in dir and returns its output. It fails the test if the
// command fails.
func run(t *testing.T, dir string, environment []string, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir, command.Env = dir, environment
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, arguments, err, output)
	}
	return string(output)
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
