package fault

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
)

const (
	grace = 2 * time.Second
	// settled is how long after its making a key stays in memory: the feed has
	// told of the making by then.
	settled = time.Second
	// afterwards is for how long it is looked at what comes after a deadline.
	afterwards = 500 * time.Millisecond
	// backAfter bounds how long a database is back before checks are.
	backAfter = time.Second
)

func TestOutage_aKnownKeyIsAnsweredUntilTheGraceEndsAndNeverLater(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.WithDurability())
	w := start(t, server.NewDatabase(t), func(cfg *config.Config) { cfg.OutageGrace = grace })
	secret := w.knownKey(t)

	server.Stop(pgtest.Immediate)
	stopped := time.Now() // whatever confirmed the feed came before
	if a := w.verify(t, secret); !allowed(a) {
		t.Errorf("just after the loss: %d %s", a.status, a.body)
	}
	for sent := time.Now(); sent.Before(stopped.Add(grace+afterwards)) && !t.Failed(); sent = time.Now() {
		a := w.verify(t, secret)
		switch {
		case sent.After(stopped.Add(grace)):
			mustBeUnavailable(t, "after the grace", a)
		case !allowed(a) && a.status != http.StatusServiceUnavailable:
			t.Errorf("within the grace: %d %s", a.status, a.body)
		}
	}

	server.Restart()
	returned := time.Now()
	for a := w.verify(t, secret); !allowed(a); a = w.verify(t, secret) {
		if late := time.Since(returned); late > backAfter {
			t.Fatalf("%v after the database came back: %d %s", late, a.status, a.body)
		}
	}
}

// knownKey makes a key and uses it until it is in memory for good.
func (w *world) knownKey(t *testing.T) (secret string) {
	t.Helper()
	secret = secretOf(t, w.create(t))
	for made := time.Now(); time.Since(made) < settled; {
		if a := w.verify(t, secret); !allowed(a) {
			t.Fatalf("verify: %d %s", a.status, a.body)
		}
	}
	return secret
}

func allowed(a answer) bool {
	return a.status == http.StatusOK && strings.Contains(a.body, `"allowed":true`)
}
