package acceptance

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

const (
	keyInvalid  = `Bearer error="invalid_token", error_description="The API key is invalid"`
	keyTwice    = `Bearer error="invalid_request", error_description="Credentials were sent more than once"`
	keyMissing  = `Bearer error="invalid_request", error_description="The bearer token is missing"`
	lacksScopes = `Bearer error="insufficient_scope", error_description="The API key lacks a required scope"`
)

func TestDoors_401(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
	_, other := w.newKey(t, keySpec{Name: "l", Scopes: []string{"payment:read"}})
	jwt := w.token(t)
	tests := []struct {
		name      string
		header    http.Header
		challenge string
	}{
		{"no credentials", http.Header{}, "Bearer"},
		{"an empty X-Api-Key", with(""), "Bearer"},
		{"another scheme alone", http.Header{"Authorization": {"Basic dXNlcjpwYXNz"}}, "Bearer"},
		{"the secret under another scheme", http.Header{"Authorization": {"Basic " + secret}}, "Bearer"},
		{"a scheme without a token", http.Header{"Authorization": {"Bearer "}}, keyMissing},
		{"a scheme without a token, with a key", http.Header{"X-Api-Key": {secret}, "Authorization": {"Bearer"}}, keyMissing},
		{"X-Api-Key twice, with the same key", http.Header{"X-Api-Key": {secret, secret}}, keyTwice},
		{"X-Api-Key twice, once empty", http.Header{"X-Api-Key": {"", secret}}, keyTwice},
		{"Authorization twice", http.Header{"Authorization": {"Bearer " + secret, "Bearer " + secret}}, keyTwice},
		{"Authorization twice, with other schemes, with a key", http.Header{"X-Api-Key": {secret}, "Authorization": {"Basic a", "Digest b"}}, keyTwice},
		{"two different keys", http.Header{"X-Api-Key": {secret}, "Authorization": {"Bearer " + other}}, keyTwice},
		{"a key and a token of the issuer", http.Header{"X-Api-Key": {secret}, "Authorization": {"Bearer " + jwt}}, keyTwice},
		{"a token of the issuer alone", http.Header{"Authorization": {"Bearer " + jwt}}, keyInvalid},
		{"two keys in one line", with(secret + "," + secret), keyInvalid},
		{"nonsense", with("nonsense"), keyInvalid},
	}
	for _, d := range w.doors() {
		for _, tt := range tests {
			t.Run(d.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				a := d.ask(t, tt.header, "payment:read")
				mustBe(t, a, 401, "4011", "Invalid API key")
				if got := a.header.Get("WWW-Authenticate"); got != tt.challenge {
					t.Errorf("WWW-Authenticate = %q, want %q", got, tt.challenge)
				}
			})
		}
	}
}

// A denial does not reveal whether a key exists.
func TestDoors_401_isTheSameWhateverTheReason(t *testing.T) {
	t.Parallel()
	repository := &tampered{KeyRepository: memory.NewKeyRepository()}
	w := newWorld(t, nil, apikeys.WithStore(apikeys.Store{Keys: repository}))
	known, _ := w.newKey(t, keySpec{Name: "known", Scopes: []string{"payment:read"}})
	disabledID, disabled := w.newKey(t, keySpec{Name: "disabled", Scopes: []string{"payment:read"}})
	deletedID, deleted := w.newKey(t, keySpec{Name: "deleted", Scopes: []string{"payment:read"}})
	_, expired := w.newKey(t, keySpec{Name: "expired", Scopes: []string{"payment:read"}, IPWhitelist: []string{"192.0.2.1"}, ExpiresAt: at("2026-03-21T00:00:10Z")})
	repository.change(disabledID, func(k *domain.APIKey) { k.Disable("e", domain.Author{}, now) })
	repository.change(deletedID, func(k *domain.APIKey) { k.Delete("e", domain.Author{}, now) })
	w.clock.Set(now.Add(10 * time.Second))

	for _, d := range w.doors() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			want := seen(d.ask(t, with(unknownSecret(t)), "payment:read"))
			for name, secret := range map[string]string{
				"malformed":             known,
				"another secret":        forged(known),
				"disabled":              disabled,
				"deleted":               deleted,
				"expired":               expired,
				"disabled, as a bearer": disabled,
			} {
				header := with(secret)
				if strings.HasSuffix(name, "bearer") {
					header = http.Header{"Authorization": {"Bearer " + secret}}
				}
				a := d.ask(t, header, "payment:read", "x:y")
				mustBe(t, a, 401, "4011", "Invalid API key")
				if diff := cmp.Diff(want, seen(a), cmp.AllowUnexported(answer{})); diff != "" {
					t.Errorf("%s (-unknown +this):\n%s", name, diff)
				}
			}
		})
	}
}

// seen contains everything that a stranger sees of a response, except what
// differs between any two.
func seen(a answer) answer {
	a.header = a.header.Clone()
	a.header.Del("X-Request-Id")
	a.header.Del("Date")
	return a
}

func TestDoors_403(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, open := w.newKey(t, keySpec{Name: "open", Scopes: []string{"payment:read"}})
	_, bare := w.newKey(t, keySpec{Name: "bare"})
	_, bound := w.newKey(t, keySpec{Name: "bound", Scopes: []string{"payment:read"}, IPWhitelist: []string{"192.0.2.0/24"}})
	_, local := w.newKey(t, keySpec{Name: "local", Scopes: []string{"payment:read"}, IPWhitelist: []string{"127.0.0.1", "::1"}})
	for _, d := range w.doors() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			refused := func(name, secret, challenge string, scopes ...string) {
				a := d.ask(t, with(secret), scopes...)
				mustBe(t, a, 403, "4032", "API key lacks a required scope")
				if got := a.header.Get("WWW-Authenticate"); got != challenge {
					t.Errorf("%s: WWW-Authenticate = %q, want %q", name, got, challenge)
				}
			}
			refused("a scope that is not held", open, lacksScopes+`, scope="payment:refund"`, "payment:refund")
			refused("one of two scopes", open, lacksScopes+`, scope="payment:read payment:refund"`, "payment:read", "payment:refund")
			refused("zero scopes, zero access", bare, lacksScopes+`, scope="payment:read"`, "payment:read")

			a := d.ask(t, with(bound), "payment:refund")
			mustBe(t, a, 403, "4033", "Address not allowed for this API key")
			if a.header.Values("WWW-Authenticate") != nil {
				t.Errorf("a challenge that no credentials can meet: %q", a.header.Get("WWW-Authenticate"))
			}
			for name, secret := range map[string]string{"any address": open, "an allowed address": local} {
				if a := d.ask(t, with(secret), "payment:read"); a.status != d.open {
					t.Errorf("%s: %d %s", name, a.status, a.body)
				}
			}
		})
	}
}

// As in verify, a scope that no key can hold is not held.
func TestAuthorize_403_whatIsNoScopeIsNotHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
	_, bare := w.newKey(t, keySpec{Name: "bare"})
	tests := []struct{ name, rest, secret, scope string }{
		{"an empty scope", "?scope=", secret, ""},
		{"an empty scope with one that is held", "?scope=payment:read&scope", secret, `, scope="payment:read"`},
		{"another case", "?scope=Payment:read", secret, `, scope="Payment:read"`},
		{"two scopes in one", "?scope=payment:read,payment:write", secret, `, scope="payment:read,payment:write"`},
		{"two scopes in one, with a space", "?scope=payment:read+payment:write", secret, ""},
		{"no scope, for a key without scopes", "", bare, ""},
		{"a character that ends the quotes", "?scope=a%22b", secret, ""},
		{"a character that escapes the quotes", "?scope=a%5C&scope=x:y", secret, `, scope="x:y"`},
		{"a line break", "?scope=a%0D%0AX-Evil:1", secret, ""},
		{"a scope that is not ASCII", "?scope=%C3%A9", secret, ""},
		{"a word in the path", "/for/orders", secret, `, scope="orders"`},
		{"a slash escaped in the path", "/for/payment:read%2Forders", secret, `, scope="payment:read/orders"`},
		{"an escape of an escape in the path", "/for/payment%253Aread", secret, `, scope="payment%3Aread"`},
		{"an ill-formed scope next to the first", "/for/payment:read/Payment:", secret, `, scope="payment:read Payment:"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := do(t, w.authorize(tt.rest, with(tt.secret)))
			mustBe(t, a, 403, "4032", "API key lacks a required scope")
			if got, want := a.header.Get("WWW-Authenticate"), lacksScopes+tt.scope; got != want {
				t.Errorf("WWW-Authenticate = %q, want %q", got, want)
			}
		})
	}
}

func TestDoors_FindClientAddressesBehindProxies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.0/8", "10.0.0.0/8"} })
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}, IPWhitelist: []string{"203.0.113.0/24"}})
	tests := []struct {
		name      string
		forwarded []string
		open      bool
	}{
		{"an allowed client", []string{"203.0.113.7"}, true},
		{"an allowed client behind two proxies", []string{"203.0.113.7, 10.0.0.9"}, true},
		{"an allowed client on a separate line", []string{"203.0.113.7", "10.0.0.9"}, true},
		{"an allowed client with a port", []string{"203.0.113.7:51008"}, true},
		{"an allowed client with a mapped address and a port", []string{"[::ffff:203.0.113.7]:51008, 10.0.0.9:80"}, true},
		{"an allowed client among empty entries", []string{", 203.0.113.7, ,", ""}, true},
		{"another client", []string{"198.51.100.1"}, false},
		{"another client with a port", []string{"203.0.113.7, [2001:db8::1]:443"}, false},
		{"another client that claims an allowed address", []string{"203.0.113.7, 198.51.100.1"}, false},
		{"an unreadable address", []string{"203.0.113.7, unknown"}, false},
		{"only the proxy", nil, false},
	}
	for _, d := range w.doors() {
		for _, tt := range tests {
			t.Run(d.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				header := with(secret)
				header["X-Forwarded-For"] = tt.forwarded
				a := d.ask(t, header, "payment:read")
				if !tt.open {
					mustBe(t, a, 403, "4033", "Address not allowed for this API key")
				} else if a.status != d.open {
					t.Errorf("answer = %d %s", a.status, a.body)
				}
			})
		}
	}
}

func TestRequire_AddressSetByAnEmbeddersMiddleware(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) { cfg.TrustedProxies = []string{"10.0.0.0/8"} })
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}, IPWhitelist: []string{"203.0.113.0/24"}})
	tests := []struct {
		name, remoteAddr, forwarded string
		want                        int
	}{
		{"an allowed address without a port", "203.0.113.7", "", http.StatusTeapot},
		{"an allowed address with a port", "203.0.113.7:51008", "", http.StatusTeapot},
		{"a trusted proxy without a port", "10.0.0.9", "203.0.113.7", http.StatusTeapot},
		{"another address without a port", "2001:db8::1", "203.0.113.7", http.StatusForbidden},
		{"no address", "unknown", "203.0.113.7", http.StatusForbidden},
		{"nothing", "", "203.0.113.7", http.StatusForbidden},
	}
	teapot := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	e := echo.New()
	e.GET("/", echo.WrapHandler(teapot), w.service.Require("payment:read"))
	for name, handler := range map[string]http.Handler{"echo": e, "net/http": w.service.RequireHTTP("payment:read")(teapot)} {
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
				r.Header = with(secret)
				r.Header.Set("X-Forwarded-For", tt.forwarded)
				r.RemoteAddr = tt.remoteAddr
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, r)
				if answer.Code != tt.want {
					t.Errorf("answer = %d %s, want %d", answer.Code, answer.Body, tt.want)
				}
			})
		}
	}
}

func TestDoors_RespondInTheRequestedLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	said := map[string]bool{}
	for _, language := range []string{"en", "zh", "zh-Hant", "ja", "vi"} {
		for _, d := range w.doors() {
			a := d.ask(t, http.Header{"Accept-Language": {language}}, "payment:read")
			if got := a.header.Get("Content-Language"); got != language || a.status != http.StatusUnauthorized {
				t.Errorf("%s in %s: %d in %q", d.name, language, a.status, got)
			}
			said[a.fields(t)["message"].(string)] = true
		}
	}
	if len(said) != 5 {
		t.Errorf("4011 is said in %d ways, want 5: %v", len(said), said)
	}
}

func TestDoors_503(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, apikeys.WithStore(apikeys.Store{Keys: down{memory.NewKeyRepository()}}))
	for _, d := range w.doors() {
		a := d.ask(t, with(unknownSecret(t)), "payment:read")
		mustBe(t, a, 503, "5030", "Service temporarily unavailable")
		if a.header.Get("Retry-After") != "1" || a.header.Values("WWW-Authenticate") != nil {
			t.Errorf("%s: %v", d.name, a.header)
		}
	}
}
