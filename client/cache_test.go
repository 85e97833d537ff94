package client_test

import (
	"hash/crc32"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

const cacheFor = 10 * time.Second

// script is a service with scripted responses, and a client that caches.
type script struct {
	*client.Client
	clock    *clock
	requests *atomic.Int64
	body     atomic.Pointer[string]
}

func newScript(t *testing.T, change func(*client.Options)) *script {
	t.Helper()
	s := &script{clock: newClock()}
	var url string
	url, s.requests = serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		writeJSON(w, *s.body.Load())
	})
	o := client.Options{BaseURL: url, Timeout: time.Minute, CacheFor: cacheFor, Now: s.clock.Now}
	if change != nil {
		change(&o)
	}
	s.Client = newClient(t, o)
	return s
}

func (s *script) respond(body string) { s.body.Store(&body) }

// expect fails the test unless the check has the given verdict and the service
// has received the given number of requests since the test began.
func (s *script) expect(t *testing.T, what string, check domain.Check, verdict domain.Verdict, requests int64) {
	t.Helper()
	d, err := s.Authorize(t.Context(), check)
	if err != nil || d.Verdict != verdict || s.requests.Load() != requests {
		t.Errorf("%s: %v, %v, %d requests; want %v, %d requests", what, d.Verdict, err, s.requests.Load(), verdict, requests)
	}
}

const notFound = `{"success":true,"data":{"allowed":false,"reason":"NOT_FOUND"}}`

func TestCacheFor_DefaultsToOff(t *testing.T) {
	t.Parallel()
	s := newScript(t, func(o *client.Options) { o.CacheFor = 0 })
	secret := newSecret(t)
	check := domain.Check{Secret: secret}
	s.respond(yes(secret.KeyID()))
	s.expect(t, "first", check, domain.VerdictOK, 1)
	s.expect(t, "second", check, domain.VerdictOK, 2)
	s.respond(notFound)
	s.expect(t, "after revocation", check, domain.VerdictNotFound, 3)
}

func TestCacheFor_ReusesAnApprovalForThatLong(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	check := domain.Check{Secret: secret, Scopes: scopesOf("payment:read"), Addr: netip.MustParseAddr("192.168.1.7")}
	s.respond(yes(secret.KeyID()))
	s.expect(t, "first", check, domain.VerdictOK, 1)
	s.respond(notFound)
	s.clock.advance(cacheFor - 1)
	s.expect(t, "revoked, just before the entry ends", check, domain.VerdictOK, 1)
	s.clock.advance(1)
	s.expect(t, "revoked, when the entry ends", check, domain.VerdictNotFound, 2)
}

func TestCacheFor_RecognisesASecretParsedAgain(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	again, err := domain.ParseSecret(strings.Clone(secret.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	s.respond(yes(secret.KeyID()))
	s.expect(t, "first", domain.Check{Secret: secret}, domain.VerdictOK, 1)
	s.expect(t, "second", domain.Check{Secret: again}, domain.VerdictOK, 1)
}

func TestCacheFor_SendsADifferentCheck(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	s.respond(yes(secret.KeyID()))
	addr := netip.MustParseAddr
	var requests int64
	for _, check := range []domain.Check{
		{Secret: secret},
		{Secret: secret, Scopes: scopesOf("payment:read")},
		{Secret: secret, Scopes: scopesOf("payment:write")},
		{Secret: secret, Scopes: scopesOf("payment:read", "payment:write")},
		{Secret: secret, Addr: addr("192.168.1.7")},
		{Secret: secret, Addr: addr("192.168.1.8")},
		{Secret: secret, Addr: addr("::1")},
		{Secret: secret, Addr: addr("::1%eth0")},
		{Secret: secret, Scopes: scopesOf("payment:read"), Addr: addr("192.168.1.7")},
	} {
		requests++
		s.expect(t, "first", check, domain.VerdictOK, requests)
		s.expect(t, "again", check, domain.VerdictOK, requests)
	}
	s.respond(notFound)
	s.expect(t, "the same key with another secret", domain.Check{Secret: forged(t, secret.KeyID())}, domain.VerdictNotFound, requests+1)
}

// forged returns a well-formed secret with the given key ID.
func forged(t *testing.T, id domain.KeyID) domain.Secret {
	t.Helper()
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	body := string(id) + strings.Repeat("0", 43)
	sum := crc32.ChecksumIEEE([]byte(body))
	var tail [6]byte
	for i := range tail {
		tail[len(tail)-1-i] = digits[sum%62]
		sum /= 62
	}
	secret, err := domain.ParseSecret(body + string(tail[:]))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestCacheFor_DoesNotCacheDenials(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	check := domain.Check{Secret: secret}
	for i, reason := range []string{"DISABLED", "EXPIRED", "IP_NOT_ALLOWED", "INSUFFICIENT_SCOPE"} {
		s.respond(strings.Replace(yes(secret.KeyID()), `"allowed":true,"reason":"OK"`, `"allowed":false,"reason":"`+reason+`"`, 1))
		s.expect(t, "denied", check, domain.Verdict(reason), int64(i+1))
	}
	s.respond(notFound)
	s.expect(t, "not found", check, domain.VerdictNotFound, 5)
	s.respond(yes(secret.KeyID()))
	s.expect(t, "allowed", check, domain.VerdictOK, 6)
}

func TestCacheFor_DoesNotCacheApprovalsOfKeysWithLimits(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	check := domain.Check{Secret: secret}
	s.respond(strings.Replace(yes(secret.KeyID()), `"expiresAt":null`, `"expiresAt":null,"limits":[{"name":"default","limit":2,"remaining":1,"resetSeconds":9}]`, 1))
	s.expect(t, "first", check, domain.VerdictOK, 1)
	s.expect(t, "second", check, domain.VerdictOK, 2)
}

func TestCacheFor_EndsAtTheExpiryOfTheKey(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	check := domain.Check{Secret: secret}
	expires := now.Truncate(time.Second).Add(2 * time.Second)
	s.respond(yesUntil(secret.KeyID(), `"`+expires.Format(time.RFC3339)+`"`))
	s.expect(t, "first", check, domain.VerdictOK, 1)
	s.clock.set(expires.Add(-1))
	s.expect(t, "just before expiry", check, domain.VerdictOK, 1)
	s.clock.set(expires)
	s.expect(t, "at expiry", check, domain.VerdictOK, 2)
	s.expect(t, "after expiry", check, domain.VerdictOK, 3)
}

func TestCacheFor_CountsFromTheRequest(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	clock := newClock()
	url, requests := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		clock.advance(cacheFor / 2) // a slow response
		writeJSON(w, yes(secret.KeyID()))
	})
	s := &script{Client: newClient(t, client.Options{BaseURL: url, Timeout: time.Minute, CacheFor: cacheFor, Now: clock.Now}), requests: requests}
	check := domain.Check{Secret: secret}
	s.expect(t, "first", check, domain.VerdictOK, 1)
	clock.advance(cacheFor/2 - 1)
	s.expect(t, "just before the entry ends", check, domain.VerdictOK, 1)
	clock.advance(1)
	s.expect(t, "when the entry ends", check, domain.VerdictOK, 2)
}

func TestCacheFor_IsNotExtendedByAFailedCheck(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	check := domain.Check{Secret: secret}
	s.respond(yes(secret.KeyID()))
	s.expect(t, "first", check, domain.VerdictOK, 1)
	s.respond("garbage")
	s.clock.advance(cacheFor)
	if d, err := s.Authorize(t.Context(), check); err == nil || d.Allowed() {
		t.Errorf("Authorize() = %v, %v", d.Verdict, err)
	}
}
