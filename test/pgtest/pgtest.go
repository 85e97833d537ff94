package pgtest

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// urlVariable is the variable with the URL of a running server to use instead of
// starting one.
const urlVariable = "APIKEYS_TEST_DATABASE_URL"

// shared is the server of this test binary.
var shared struct {
	sync.Mutex
	inMain   bool
	started  bool
	instance *instance
	err      error
}

// Main runs the tests of a package as [Run] does, and exits with the code. Call it
// from TestMain.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run runs the tests of a package and removes the server if they used one. It returns
// their code, or 1 if the server could not be removed.
func Run(m *testing.M) int {
	shared.Lock()
	shared.inMain = true
	shared.Unlock()

	code := m.Run()

	shared.Lock()
	defer shared.Unlock()
	if shared.instance != nil {
		if err := shared.instance.remove(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}
	return code
}

// NewDatabase returns the URL of a new, empty database, which is dropped when t ends,
// even if it has open connections. It is safe for concurrent use.
func NewDatabase(t testing.TB) string {
	t.Helper()
	admin, err := sharedAdmin()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	db, err := admin.create()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := admin.drop(db); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return admin.url(db)
}

// sharedAdmin returns the account that creates databases. The first call starts the
// server. If that fails, later calls return the same error without trying again.
func sharedAdmin() (admin, error) {
	if given := os.Getenv(urlVariable); given != "" {
		return parseAdmin(given)
	}
	shared.Lock()
	defer shared.Unlock()
	if !shared.inMain {
		return admin{}, errors.New("TestMain must call pgtest.Main or pgtest.Run, which stop the server")
	}
	if !shared.started {
		shared.started = true
		shared.instance, shared.err = newInstance(defaultSettings())
	}
	if shared.err != nil {
		return admin{}, shared.err
	}
	return shared.instance.admin(), nil
}
