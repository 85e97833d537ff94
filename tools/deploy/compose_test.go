package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const composeFile = "../../deploy/compose/compose.yaml"

func loaded(t *testing.T) *types.Project {
	t.Helper()
	project, err := loadWith(t, "APIKEYS_JWKS_URL=https://issuer.example/jwks.json", "APIKEYS_JWT_ISSUER=https://issuer.example", "APIKEYS_JWT_AUDIENCE=apikeys")
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// loadWith reads the file as Docker Compose does, against its schema.
func loadWith(t *testing.T, env ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{composeFile}, cli.WithEnv(env), cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(t.Context())
}

// There is no container engine here: this proves that Compose would accept the file,
// not that it works.
func TestCompose_ServicesWaitForWhatTheyNeed(t *testing.T) {
	project := loaded(t)
	for name, needs := range map[string][]string{"database": nil, "apikeys": {"database"}, "nginx": {"apikeys"}} {
		service, err := project.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		if service.HealthCheck == nil && name != "nginx" {
			t.Errorf("%s has no healthcheck", name)
		}
		for _, needed := range needs {
			if service.DependsOn[needed].Condition != types.ServiceConditionHealthy {
				t.Errorf("%s does not wait until %s is healthy", name, needed)
			}
		}
	}
}

func TestCompose_SecretsAreFiles(t *testing.T) {
	project := loaded(t)
	for name, secret := range project.Secrets {
		if filepath.Base(filepath.Dir(secret.File)) != "secrets" {
			t.Errorf("%s is not a file in secrets: %q", name, secret.File)
		}
	}
	for _, service := range project.Services {
		for name, value := range service.Environment {
			if value == nil {
				continue
			}
			for _, word := range []string{"PASSWORD", "PEPPERS", "TOKEN", "DATABASE_URL"} {
				if strings.Contains(name, word) && (!strings.HasSuffix(name, "_FILE") || !strings.HasPrefix(*value, "/run/secrets/")) {
					t.Errorf("%s of %s is %q, want a secret as a file", name, service.Name, *value)
				}
			}
		}
		for name, value := range service.Environment {
			secret, ok := strings.CutPrefix(orEmpty(value), "/run/secrets/")
			if ok && !slices.ContainsFunc(service.Secrets, func(s types.ServiceSecretConfig) bool { return s.Source == secret }) {
				t.Errorf("%s of %s names a secret that the service does not get: %s", name, service.Name, secret)
			}
		}
	}
	ignored, err := os.ReadFile(filepath.Join(filepath.Dir(composeFile), ".gitignore"))
	if err != nil || !strings.Contains(string(ignored), "secrets/") {
		t.Errorf(".gitignore = %q, %v", ignored, err)
	}
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestCompose_OnlyLoopbackIsPublished(t *testing.T) {
	for _, service := range loaded(t).Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" || port.Target == 8081 || port.Target == 5432 {
				t.Errorf("%s publishes %d at %q", service.Name, port.Target, port.HostIP)
			}
		}
		for _, volume := range service.Volumes {
			if _, err := os.Stat(volume.Source); volume.Type == types.VolumeTypeBind && err != nil {
				t.Error(err)
			}
		}
	}
}

func TestCompose_NamesTheVariableThatIsMissing(t *testing.T) {
	if _, err := loadWith(t); err == nil || !strings.Contains(err.Error(), "APIKEYS_JWKS_URL") {
		t.Errorf("without variables: %v", err)
	}
}
