// Package arch_test tests the import rules of the module, which are data in
// rules_test.go.
package arch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	t.Parallel()
	for name, tags := range map[string]string{
		"as built": "",
		"for wire": "wireinject",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range list(t, "-tags="+tags, "-json=ImportPath,Imports,TestImports,XTestImports", "./...") {
				for _, violation := range append(checkLayer(layers, p), checkOwners(owners, p)...) {
					t.Error(violation)
				}
			}
		})
	}
}

func TestProducts_LinkOnlyWhatTheyNeed(t *testing.T) {
	t.Parallel()
	for _, product := range products {
		t.Run(product.path, func(t *testing.T) {
			t.Parallel()
			var linked []string
			for _, p := range list(t, "-deps", "-json=ImportPath", product.path) {
				linked = append(linked, p.ImportPath)
			}
			for _, violation := range checkLinked(product.unlinked, linked) {
				t.Error(violation)
			}
		})
	}
}

// Every package that we link increases the size of an embedder's program and the
// amount of code that they must review.
func TestEmbedder_StaysSmall(t *testing.T) {
	t.Parallel()
	const program = "./test/embedder"
	packages := 0
	for _, p := range list(t, "-deps", "-json=ImportPath", program) {
		if !isStandard(p.ImportPath) {
			packages++
		}
	}
	binary := filepath.Join(t.TempDir(), "embedder")
	goCommand(t, moduleRoot(t), "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, program)
	file, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d packages, %d bytes", packages, file.Size())
	if packages > maxEmbedderPackages || file.Size() > maxEmbedderBytes {
		t.Errorf("an embedder links %d packages and %d bytes, want at most %d and %d", packages, file.Size(), maxEmbedderPackages, maxEmbedderBytes)
	}
}

// list runs "go list" in the root of the module.
func list(t *testing.T, args ...string) (packages []pkg) {
	t.Helper()
	output := goCommand(t, moduleRoot(t), append([]string{"list"}, args...)...)
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatalf("go list %v returned no package", args)
	}
	return packages
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(string(goCommand(t, ".", "list", "-m", "-f={{.Dir}}", module)))
}

func goCommand(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // like "make build", so that libraries are built only once
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return output
}
