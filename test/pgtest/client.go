package pgtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Client runs a client program of PostgreSQL, such as pg_dump or psql, and waits for
// it. It skips the test if the installation has only the server.
func Client(t testing.TB, program string, args ...string) {
	t.Helper()
	dir, err := machine().find()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	path := filepath.Join(dir, program)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("this PostgreSQL has no %s", program)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pgtest: %s: %v\n%s", program, err, out)
	}
}
