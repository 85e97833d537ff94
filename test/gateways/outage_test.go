package gateways

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/relay"
)

// survivesRestart stops the service and starts it again.
func survivesRestart(t *testing.T, w *world) {
	key := "X-Api-Key: " + w.writer
	w.passed(t, get("/payments/1", key))
	w.service.Stop()
	w.mustBeUnavailable(t,
		get("/payments/1", key), get("/refunds/1", key), get("/payments/1"),
		request{method: http.MethodPost, target: "/payments/1", headers: []string{key}, body: "{}"},
	)
	w.passed(t, get("/status"))
	w.startService(t)
	w.mustIdentify(t, w.mustPass(t, w.once(t, get("/payments/1", key))), w.writer)
	w.mustHaveLoggedNoSecret(t)
}

// survivesHang keeps requests from a service that accepts connections.
func survivesHang(t *testing.T, g gateway) {
	var hangs atomic.Bool
	w := newWorldThrough(t, g, func() relay.Watches {
		return relay.Watches{Sent: func([]byte) relay.Fate {
			if hangs.Load() {
				return relay.Swallow
			}
			return relay.Pass
		}}
	})
	key := "X-Api-Key: " + w.writer
	w.passed(t, get("/payments/1", key))
	hangs.Store(true)
	w.mustBeUnavailable(t, get("/payments/1", key), get("/payments/1"))
	w.passed(t, get("/status"))
	hangs.Store(false)
	w.mustIdentify(t, w.mustPass(t, w.once(t, get("/payments/1", key))), w.writer)
	w.mustHaveLoggedNoSecret(t)
}

// newWorldThrough starts a world whose gateway reaches the service through a relay.
func newWorldThrough(t *testing.T, g gateway, accept func() relay.Watches) *world {
	t.Helper()
	return startWorld(t, g, func(*config.Config) {}, func(service string) string {
		u, err := url.Parse(relay.Before(t, "http://"+service, accept))
		if err != nil {
			t.Fatal(err)
		}
		return u.Host
	}, nil)
}

// mustBeUnavailable sends requests, each on a separate connection, which must get
// the 503 of the service.
func (w *world) mustBeUnavailable(t *testing.T, requests ...request) {
	t.Helper()
	var answers []func(*testing.T) answer
	for _, r := range requests {
		answers = append(answers, w.dial(t).send(t, r))
	}
	for _, answer := range answers {
		a := answer(t)
		w.mustNotPass(t, a)
		if a.status != http.StatusServiceUnavailable {
			t.Errorf("status %d, want 503", a.status)
		}
		got := []string{a.code(), a.header.Get("Retry-After"), a.header.Get("Content-Type"), a.header.Get("Cache-Control")}
		if diff := cmp.Diff([]string{"5030", "1", "application/json", "no-store"}, got); diff != "" {
			t.Errorf("code, Retry-After, Content-Type and Cache-Control (-want +got):\n%s", diff)
		}
	}
}
