package acceptance

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/test/serving"
)

// ordinary is an account without privileges, and without files.
const ordinary = 65534

// TestDiagnose_FindsAFileThatCannotBeWrittenTo also runs as root, who can write to any
// file: then with the file accesses of an ordinary account.
func TestDiagnose_FindsAFileThatCannotBeWrittenTo(t *testing.T) {
	t.Parallel()
	cfg := serving.ConfigTrusting(t, jwttest.NewIssuer(t))
	cfg.DatabaseURL = usedBefore(t, cfg, stores["sqlite"](t))
	path := strings.TrimPrefix(cfg.DatabaseURL.Reveal(), "sqlite://")
	for dir := filepath.Dir(path); dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o777); err != nil { // SQLite makes a file beside it even to read
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	var found []apikeys.Finding
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Geteuid() == 0 {
			runtime.LockOSThread() // and never unlock it, so that the thread ends with the goroutine
			if err = syscall.Setfsuid(ordinary); err != nil {
				return
			}
		}
		found, err = apikeys.Diagnose(t.Context(), cfg)
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Check == "privileges" {
			if f.Status != apikeys.FindingFail || !strings.Contains(f.Detail, "the file cannot be written to") || !strings.Contains(f.Remedy, "own the file") {
				t.Errorf("privileges: %s %s (%s), want FAIL", f.Status, f.Detail, f.Remedy)
			}
			return
		}
	}
	t.Errorf("no finding about privileges: %v", found)
}
