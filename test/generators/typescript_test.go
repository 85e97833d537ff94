package generators

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const packages = root + "/.cache/typescript/node_modules"

// nodePath returns the path of Node.js. The test fails, and says what to run, if
// that or a package is missing.
func nodePath(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(packages + "/typescript"); err != nil {
		t.Fatal("the packages of test/generators/typescript are not on this machine; to fetch them, run: make node")
	}
	fetched := absolute(t, root+"/.cache/node/bin/node")
	if _, err := os.Stat(fetched); err == nil {
		return fetched
	}
	path, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node.js is not on this machine; to fetch it, run: make node")
	}
	return path
}

func TestTypeScript_GeneratedTypesManageKeys(t *testing.T) {
	t.Parallel()
	node, dir := nodePath(t), t.TempDir()
	if err := os.Symlink(absolute(t, packages), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keys.ts", "tsconfig.json", "package.json"} {
		text, err := os.ReadFile(filepath.Join("typescript", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Without ".d", the compiler checks what is generated, and not also the declarations of
	// browsers and of Node.js, which would take three times as long.
	run(t, dir, nil, node, "node_modules/openapi-typescript/bin/cli.js", absolute(t, document), "-o", "apikeys.ts")
	run(t, dir, nil, node, "node_modules/typescript/bin/tsc", "--project", ".", "--skipLibCheck")
	output := run(t, dir, startService(t), node, "out/keys.js")
	for _, want := range []string{
		"with a secret of 73 characters\n", "listed Checkout, last used never\n", "rotated Checkout: true\n", "rejected name: length\n",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the program did not print %q but\n%s", want, output)
		}
	}
}
