package acceptance

import (
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
)

// A stranger who makes up a key ID causes a look-up of the issuer's keys. If that
// look-up hangs, the token is rejected like any other that no known key has signed:
// a stranger must not be able to make the service report an outage.
func TestCreateKey_RejectsAMadeUpKeyIDWhileTheLookUpHangs(t *testing.T) {
	t.Parallel()
	var keySet []byte
	var hangs atomic.Bool
	requested, release := make(chan struct{}, 8), make(chan struct{})
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if hangs.Load() {
			requested <- struct{}{}
			<-release
		}
		_, _ = w.Write(keySet)
	}))
	t.Cleanup(keys.Close)
	t.Cleanup(func() { close(release) })
	w := newWorld(t, func(cfg *config.Config) {
		var err error
		if keySet, err = os.ReadFile(cfg.JWKSFile); err != nil {
			t.Fatal(err)
		}
		cfg.JWKSFile, cfg.JWKSURL = "", keys.URL
	})
	mustCreate(t, w)
	hangs.Store(true)
	stranger := jwttest.NewIssuer(t)
	stranger.SetClock(w.clock.Now)
	token := stranger.Token(t, jwttest.Claims{Account: account, Portal: "PARTNER", Workspaces: map[string]string{workspace: "OWNER"}})

	a := do(t, w.create(t, `{"name":"k"}`, as(token)))

	mustBe(t, a, http.StatusUnauthorized, "4010", "Invalid or expired token")
	if len(requested) == 0 {
		t.Error("the service has not looked the key up")
	}
	mustCreate(t, w) // others do not wait
}

func mustCreate(t *testing.T, w *world) {
	t.Helper()
	w.newKey(t, keySpec{Name: "k"})
}
