package gateways

import (
	"sync/atomic"
	"testing"

	"github.com/slaunchx/apikeys/test/relay"
)

// usesOneConnection makes requests, which must get status, one after the other, and
// fails the test if the gateway opens more than one connection to the service.
func usesOneConnection(t *testing.T, g gateway, status int, headers func(*world) []string) {
	t.Helper()
	var opened atomic.Int64
	w := newWorldThrough(t, g, func() relay.Watches {
		opened.Add(1)
		return relay.Watches{}
	})
	c := w.dial(t) // nginx has connections for each of its processes
	for range 10 {
		if a := c.do(t, get("/payments/1", headers(w)...)); a.status != status {
			t.Fatalf("status %d, body %q, want %d", a.status, a.body, status)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections to the service for 10 checks, want one", n)
	}
}

func withKey(w *world) []string       { return []string{"X-Api-Key: " + w.reader} }
func withoutKey(*world) []string      { return nil }
func fromElsewhere(w *world) []string { return []string{"X-Api-Key: " + w.elsewhere} }
