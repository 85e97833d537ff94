package gateways

import (
	"net/http"
	"strings"
	"testing"
)

// run tests a gateway: everything that the provided file does in one process,
// and tests that change the file or stop the service in others.
func run(t *testing.T, g gateway) {
	t.Run("as shipped", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, g)
		t.Run("requests", func(t *testing.T) {
			for name, behaviour := range behaviours {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					behaviour(t, w)
				})
			}
		})
		w.mustHaveLoggedNoSecret(t)
	})
	t.Run("behind a proxy, with an internal token", func(t *testing.T) {
		t.Parallel()
		believesProxy(t, newWorldBehind(t, g))
	})
	t.Run("a route without a scope is closed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, g, g.withoutScope...)
		a := w.refused(t, get("/payments/1", "X-Api-Key: "+w.writer))
		a.mustBe(t, http.StatusForbidden, "4032", `Bearer error="insufficient_scope", error_description="The API key lacks a required scope"`)
		w.passed(t, get("/refunds/1", "X-Api-Key: "+w.writer))
	})
	t.Run("nothing passes while the service is down, and requests pass once it is back", func(t *testing.T) {
		t.Parallel()
		survivesRestart(t, newWorld(t, g))
	})
	if g.keepsConnections {
		t.Run("connections to the service are kept", func(t *testing.T) {
			t.Parallel()
			usesOneConnection(t, g, http.StatusOK, withKey)
		})
	}
	t.Run("nothing passes while the service hangs, and requests pass once it responds", func(t *testing.T) {
		t.Parallel()
		survivesHang(t, g)
	})
}

// behaviours are the requirements for every gateway.
var behaviours = map[string]func(*testing.T, *world){
	"an allowed request has the identity and no key":    hasIdentityAndNoKey,
	"an imported key does not reach the API":            keepsImportedKeys,
	"credentials for the API are passed on":             passesOtherCredentials,
	"every method passes":                               passesMethods,
	"a body passes":                                     passesBody,
	"the API is told of address, host and scheme":       forwards,
	"more cookies than the service accepts pass":        passesCookies,
	"a path and a query pass as they were sent":         passesTargets,
	"a key that is not valid is 401":                    refusesInvalidKeys,
	"a key without the scope of the route is 403":       refusesMissingScopes,
	"a key bound to another address is 403":             refusesOtherAddresses,
	"a key that has reached a rate limit is 429":        refusesBeyondRateLimits,
	"a key that has used up its quota is 429":           refusesBeyondQuotas,
	"identity headers of the caller do not pass":        replacesIdentity,
	"identity headers do not pass an open route":        clearsIdentityOnOpenRoutes,
	"a caller cannot have identity headers removed":     keepsIdentityDespiteConnection,
	"each request on a connection has its own identity": tellsRequestsApart,
	"the body of a refused request is not a request":    refusesBodies,
	"an ambiguous path is 400":                          refusesAmbiguousPaths,
	"an unlisted path is 404":                           refusesUnlistedPaths,
}

// believesProxy sends requests like a proxy at the address of the client.
func believesProxy(t *testing.T, w *world) {
	w.mustIdentify(t, w.passed(t, get("/payments/1", "X-Forwarded-For: 203.0.113.7", "X-Api-Key: "+w.elsewhere)), w.elsewhere)
	w.mustIdentify(t, w.passed(t, get("/payments/1", "X-Forwarded-For: 198.51.100.1, 203.0.113.7", "X-Api-Key: "+w.elsewhere)), w.elsewhere)
	for forwarded, key := range map[string]string{
		"203.0.113.7, 198.51.100.1": w.elsewhere,
		"198.51.100.1":              w.elsewhere,
		"203.0.113.7":               w.here,
	} {
		w.refused(t, get("/payments/1", "X-Forwarded-For: "+forwarded, "X-Api-Key: "+key)).mustBe(t, http.StatusForbidden, "4033", "")
	}
}

// mustHaveLoggedNoSecret also checks that there is a log.
func (w *world) mustHaveLoggedNoSecret(t *testing.T) {
	t.Helper()
	log := w.logged(t)
	if !strings.Contains(log, "/payments/1") {
		t.Errorf("no request is logged:\n%s", log)
	}
	for _, secret := range w.secrets() {
		if at := strings.Index(log, secret); at >= 0 {
			line := log[strings.LastIndexByte(log[:at], '\n')+1 : at]
			t.Errorf("a secret is logged: %s…", line)
		}
	}
}
