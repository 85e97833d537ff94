package generators

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "generate client/internal/api from the document")

// generate runs the pinned oapi-codegen.
func generate(t *testing.T, arguments ...string) {
	t.Helper()
	run(t, root, withoutCgo(), "go", append([]string{"tool", "-modfile=" + absolute(t, root+"/tools/openapi/go.mod"), "oapi-codegen"}, arguments...)...)
}

// withoutCgo returns an environment in which libraries are compiled like those of "make
// build", so that they are compiled only once.
func withoutCgo() []string { return append(os.Environ(), "CGO_ENABLED=0") }

// The generated client is compiled as if it lay in tools/openapi, whose go.mod
// requires what it imports.
func TestGo_GeneratedClientManagesKeys(t *testing.T) {
	t.Parallel()
	dir, module := t.TempDir(), absolute(t, root+"/tools/openapi")
	client := filepath.Join(dir, "apikeys.go")
	generate(t, "-generate=types,client", "-package=apikeys", "-o="+client, absolute(t, document))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(module, "apikeys", "apikeys.go"): client,
		filepath.Join(module, "keys", "main.go"):       absolute(t, "testdata/keys.go.txt"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "keys")
	run(t, module, withoutCgo(), "go", "build", "-overlay="+overlayFile, "-o="+program, "./keys")

	want := "created with a secret of 73 characters\nlisted Checkout ACTIVE true\nrotated Checkout true\nrejected name length\n"
	if diff := cmp.Diff(want, run(t, dir, startService(t), program)); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestGo_TypesOfTheClientAreGeneratedFromTheDocument(t *testing.T) {
	t.Parallel()
	const committed = root + "/client/internal/api/api.gen.go"
	target := absolute(t, committed)
	if !*update {
		target = filepath.Join(t.TempDir(), "api.gen.go")
	}
	generate(t, "-config=client/internal/api/oapi-codegen.yaml", "-o="+target, absolute(t, document))
	want, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Error("client/internal/api is not generated from the document; run make generate")
	}
}
