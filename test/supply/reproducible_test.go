package supply

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The builds share the go command's cache, so this only proves that the location of
// the source does not affect the binary. tools/reproducible.sh builds from scratch,
// which takes minutes.
func TestBuild_DoesNotDependOnTheLocation(t *testing.T) {
	t.Parallel()
	first := built(t, filepath.Join(t.TempDir(), "a"))
	second := built(t, filepath.Join(t.TempDir(), "another", "place"))
	if first != second {
		t.Errorf("two builds differ: SHA-256 %x and %x", first, second)
	}
}

// built returns the SHA-256 of the command, built from a copy of the source.
func built(t *testing.T, dir string) (sum [sha256.Size]byte) {
	t.Helper()
	copySource(t, dir)
	binary := filepath.Join(t.TempDir(), "apikeys")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./cmd/apikeys")
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	file, err := os.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

// copySource copies the source that the command is built from.
func copySource(t *testing.T, dir string) {
	t.Helper()
	root := "../.."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || slices.Contains([]string{"bin", "test", "docs", "tools", "testdata"}, name)):
			return fs.SkipDir
		case entry.IsDir() || strings.HasSuffix(name, "_test.go") || !entry.Type().IsRegular():
			return nil
		}
		return copyFile(path, filepath.Join(dir, strings.TrimPrefix(path, root)))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}
