package acceptance

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/test/migrated"
	"github.com/slaunchx/apikeys/test/serving"
)

func TestDiagnose_FindsAnSQLiteFileThatCannotBeWrittenTo(t *testing.T) {
	t.Parallel()
	cfg := serving.ConfigTrusting(t, jwttest.NewIssuer(t))
	cfg.DatabaseURL = usedBefore(t, cfg, migrated.SQLite(t))
	path := strings.TrimPrefix(cfg.DatabaseURL.Reveal(), "sqlite://")
	folder := filepath.Dir(path)
	for name, mode := range map[string]os.FileMode{path: 0o444, folder: 0o777, filepath.Dir(folder): 0o755} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	var found []apikeys.Finding
	var err error
	asNobody(func() { found, err = apikeys.Diagnose(t.Context(), cfg) })
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(found, func(f apikeys.Finding) bool { return f.Check == "privileges" })
	if i < 0 {
		t.Fatalf("no finding about privileges: %v", found)
	}
	if f := found[i]; f.Status != apikeys.FindingFail || !strings.Contains(f.Detail, "cannot be written to") || f.Remedy == "" {
		t.Errorf("%s %s, remedy %q", f.Status, f.Detail, f.Remedy)
	}
}

// asNobody calls call without the privileges of root, for which no file is unwritable.
func asNobody(call func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock it: the thread ends with the goroutine
		if os.Geteuid() == 0 {
			_, _ = unix.SetfsuidRetUid(65534)
		}
		call()
	}()
	<-done
}
