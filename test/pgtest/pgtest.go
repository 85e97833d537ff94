package pgtest

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// urlVariable names a running server to use instead of a private one.
const urlVariable = "APIKEYS_TEST_DATABASE_URL"

// shared is the one server of this test binary.
var shared struct {
	sync.Mutex
	inMain   bool
	asked    bool
	instance *instance
	err      error
}

// Main runs the tests of a package, removes the server if they needed one, and
// exits with their code, or with 1 when the server could not be removed. It is
// for TestMain.
func Main(m *testing.M) {
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
	os.Exit(code)
}

// NewDatabase returns the URL of a new, empty database, which is dropped when
// t ends, open connections or not. It is safe for concurrent use.
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

// sharedAdmin returns the account that makes databases, on a server that is
// started by the first call. A failure is final: a second try would only fail
// more slowly.
func sharedAdmin() (admin, error) {
	if given := os.Getenv(urlVariable); given != "" {
		return parseAdmin(given)
	}
	shared.Lock()
	defer shared.Unlock()
	if !shared.inMain {
		return admin{}, errors.New("nobody would stop the server: TestMain must call pgtest.Main")
	}
	if !shared.asked {
		shared.asked = true
		shared.instance, shared.err = newInstance(defaultSettings())
	}
	if shared.err != nil {
		return admin{}, shared.err
	}
	return shared.instance.admin(), nil
}
