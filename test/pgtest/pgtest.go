package pgtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// urlVariable is the variable with the URL of a running server to use instead of
// starting one.
const urlVariable = "APIKEYS_TEST_DATABASE_URL"

// shared is what the tests of this binary share.
var shared struct {
	sync.Mutex
	inMain   bool
	removals []func() error // in the order in which the things to remove were made

	server sharedInstance
	origin sharedInstance // never started; other servers are copies of it
}

// sharedInstance is made by the first test that needs it. If that fails, later tests
// get the same error without trying again.
type sharedInstance struct {
	once     sync.Once
	instance *instance
	err      error
}

func (s *sharedInstance) get(newInstance func() (*instance, error)) (*instance, error) {
	s.once.Do(func() {
		if s.instance, s.err = newInstance(); s.err == nil {
			removeAtEnd(s.instance.remove)
		}
	})
	return s.instance, s.err
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
	for _, remove := range slices.Backward(shared.removals) {
		if err := remove(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}
	return code
}

// removesAtEnd reports whether [Run] runs the tests.
func removesAtEnd() bool {
	shared.Lock()
	defer shared.Unlock()
	return shared.inMain
}

func removeAtEnd(remove func() error) {
	shared.Lock()
	defer shared.Unlock()
	shared.removals = append(shared.removals, remove)
}

// NewDatabase returns the URL of a new, empty database, which is dropped when t ends,
// even if it has open connections. It is safe for concurrent use.
func NewDatabase(t testing.TB) string {
	t.Helper()
	return newDatabase(t, emptyTemplate)
}

func newDatabase(t testing.TB, template string) string {
	t.Helper()
	admin, err := sharedAdmin()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	db, err := admin.create(template)
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
// server.
var sharedAdmin = sync.OnceValues(func() (admin, error) {
	a, err := newSharedAdmin()
	if err != nil {
		return admin{}, err
	}
	return a.pooled()
})

func newSharedAdmin() (admin, error) {
	if given := os.Getenv(urlVariable); given != "" {
		return parseAdmin(given)
	}
	if !removesAtEnd() {
		return admin{}, errors.New("TestMain must call pgtest.Main or pgtest.Run, which stop the server")
	}
	server, err := shared.server.get(func() (*instance, error) { return newInstance(defaultSettings()) })
	if err != nil {
		return admin{}, err
	}
	return server.admin(), nil
}

// original returns the instance that others are copies of, which takes a tenth of what
// initdb takes, or nil if nothing would remove it.
func original(b binaries) (*instance, error) {
	if !removesAtEnd() {
		return nil, nil
	}
	return shared.origin.get(func() (*instance, error) {
		h, err := newHome(defaultSettings().folder(), b.user)
		if err != nil {
			return nil, err
		}
		i := &instance{binaries: b, home: h, password: rand.Text()}
		if err := i.initialize(); err != nil {
			return nil, errors.Join(err, i.remove())
		}
		return i, nil
	})
}
