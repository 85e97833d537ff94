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

// script is a service whose answers a test decides, and a client that keeps them.
type script struct {
	*client.Client
	clock  *clock
	asked  *atomic.Int64
	answer atomic.Pointer[string]
}

func newScript(t *testing.T, change func(*client.Options)) *script {
	t.Helper()
	s := &script{clock: newClock()}
	var url string
	url, s.asked = serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		writeJSON(w, *s.answer.Load())
	})
	o := client.Options{BaseURL: url, Timeout: time.Minute, CacheFor: cacheFor, Now: s.clock.Now}
	if change != nil {
		change(&o)
	}
	s.Client = newClient(t, o)
	return s
}

func (s *script) answers(body string) { s.answer.Store(&body) }

// expect fails unless the check has that verdict, and the service has been
// asked that often since the test began.
func (s *script) expect(t *testing.T, what string, check domain.Check, verdict domain.Verdict, asked int64) {
	t.Helper()
	d, err := s.Authorize(t.Context(), check)
	if err != nil || d.Verdict != verdict || s.asked.Load() != asked {
		t.Errorf("%s: %v, %v, asked %d times; want %v, asked %d times", what, d.Verdict, err, s.asked.Load(), verdict, asked)
	}
}

const notFound = `{"success":true,"data":{"allowed":false,"reason":"NOT_FOUND"}}`

func TestCacheFor_offUnlessAskedFor(t *testing.T) {
	t.Parallel()
	s := newScript(t, func(o *client.Options) { o.CacheFor = 0 })
	secret := newSecret(t)
	check := domain.Check{Secret: secret}
	s.answers(yes(secret.KeyID()))
	s.expect(t, "first", check, domain.VerdictOK, 1)
	s.expect(t, "second", check, domain.VerdictOK, 2)
	s.answers(notFound)
	s.expect(t, "once revoked", check, domain.VerdictNotFound, 3)
}

func TestCacheFor_aYesIsGivenAgainForThatLong(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	check := domain.Check{Secret: secret, Scopes: scopesOf("payment:read"), Addr: netip.MustParseAddr("192.168.1.7")}
	s.answers(yes(secret.KeyID()))
	s.expect(t, "first", check, domain.VerdictOK, 1)
	s.answers(notFound)
	s.clock.advance(cacheFor - 1)
	s.expect(t, "revoked, at the last instant", check, domain.VerdictOK, 1)
	s.clock.advance(1)
	s.expect(t, "revoked, an instant later", check, domain.VerdictNotFound, 2)
}

func TestCacheFor_sameSecretParsedAnew(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	again, err := domain.ParseSecret(strings.Clone(secret.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	s.answers(yes(secret.KeyID()))
	s.expect(t, "first", domain.Check{Secret: secret}, domain.VerdictOK, 1)
	s.expect(t, "second", domain.Check{Secret: again}, domain.VerdictOK, 1)
}

func TestCacheFor_anotherQuestionIsAsked(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	s.answers(yes(secret.KeyID()))
	addr := netip.MustParseAddr
	var asked int64
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
		asked++
		s.expect(t, "first", check, domain.VerdictOK, asked)
		s.expect(t, "again", check, domain.VerdictOK, asked)
	}
	s.answers(notFound)
	s.expect(t, "the same key with another secret", domain.Check{Secret: forged(t, secret.KeyID())}, domain.VerdictNotFound, asked+1)
}

// forged is a well-formed secret that claims to be of that key.
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

func TestCacheFor_aNoIsNotKept(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	check := domain.Check{Secret: secret}
	for i, reason := range []string{"DISABLED", "EXPIRED", "IP_NOT_ALLOWED", "INSUFFICIENT_SCOPE"} {
		s.answers(strings.Replace(yes(secret.KeyID()), `"allowed":true,"reason":"OK"`, `"allowed":false,"reason":"`+reason+`"`, 1))
		s.expect(t, "once refused", check, domain.Verdict(reason), int64(i+1))
	}
	s.answers(notFound)
	s.expect(t, "once unknown", check, domain.VerdictNotFound, 5)
	s.answers(yes(secret.KeyID()))
	s.expect(t, "once allowed", check, domain.VerdictOK, 6)
}

func TestCacheFor_noYesOutlivesItsKey(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	check := domain.Check{Secret: secret}
	expires := now.Truncate(time.Second).Add(2 * time.Second)
	s.answers(yesUntil(secret.KeyID(), `"`+expires.Format(time.RFC3339)+`"`))
	s.expect(t, "first", check, domain.VerdictOK, 1)
	s.clock.set(expires.Add(-1))
	s.expect(t, "until the key expires", check, domain.VerdictOK, 1)
	s.clock.set(expires)
	s.expect(t, "the service is asked from then on", check, domain.VerdictOK, 2)
	s.expect(t, "each time", check, domain.VerdictOK, 3)
}

func TestCacheFor_countsFromWhenTheQuestionWasSent(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	clock := newClock()
	url, asked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		clock.advance(cacheFor / 2) // it takes its time
		writeJSON(w, yes(secret.KeyID()))
	})
	s := &script{Client: newClient(t, client.Options{BaseURL: url, Timeout: time.Minute, CacheFor: cacheFor, Now: clock.Now}), asked: asked}
	check := domain.Check{Secret: secret}
	s.expect(t, "first", check, domain.VerdictOK, 1)
	clock.advance(cacheFor/2 - 1)
	s.expect(t, "within its life", check, domain.VerdictOK, 1)
	clock.advance(1)
	s.expect(t, "after it", check, domain.VerdictOK, 2)
}

func TestCacheFor_noYesOutlivesItsLifeForWantOfAnAnswer(t *testing.T) {
	t.Parallel()
	s := newScript(t, nil)
	secret := newSecret(t)
	check := domain.Check{Secret: secret}
	s.answers(yes(secret.KeyID()))
	s.expect(t, "first", check, domain.VerdictOK, 1)
	s.answers("garbage")
	s.clock.advance(cacheFor)
	if d, err := s.Authorize(t.Context(), check); err == nil || d.Allowed() {
		t.Errorf("Authorize() = %v, %v", d.Verdict, err)
	}
}
