package githubkeys_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/githubkeys"
	"github.com/slaunchx/apikeys/domain"
)

// The vector of GitHub's documentation.
const (
	vectorBody      = `[{"token":"some_token","type":"some_type","url":"some_url"}]`
	vectorSignature = "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc="
	vectorKey       = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUqkCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA=="
)

// github is a server of public keys.
type github struct {
	url     string
	fetches atomic.Int64

	mu     sync.Mutex
	answer http.HandlerFunc
}

func newGitHub(t *testing.T) *github {
	t.Helper()
	g := &github{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.fetches.Add(1)
		g.mu.Lock()
		answer := g.answer
		g.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL + "/keys?credential=opensesame"
	return g
}

func (g *github) answers(answer http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = answer
}

// serves makes the server return these keys, in DER, by identifier.
func (g *github) serves(keys map[string][]byte) {
	g.answers(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(documentOf(keys)) })
}

func documentOf(keys map[string][]byte) any {
	type key struct {
		Identifier string `json:"key_identifier"`
		Key        string `json:"key"`
		Current    bool   `json:"is_current"`
	}
	list := []key{}
	for id, der := range keys {
		list = append(list, key{id, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), true})
	}
	return map[string]any{"public_keys": list}
}

// signer is a private key of GitHub.
type signer struct{ *ecdsa.PrivateKey }

func newSigner(t *testing.T) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key}
}

func der(t *testing.T, public any) []byte {
	t.Helper()
	text, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (s signer) sign(t *testing.T, body string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(body))
	signature, err := ecdsa.SignASN1(rand.Reader, s.PrivateKey, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newKeys(g *github, c *clock, log *bytes.Buffer) *githubkeys.Keys {
	return githubkeys.New(githubkeys.Options{URL: g.url, Now: c.now, Logger: slog.New(slog.NewTextHandler(log, nil))})
}

var start = time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)

func TestVerify_AcceptsGitHubsVectorOverTheRawBytesOnly(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	public, err := base64.StdEncoding.DecodeString(vectorKey)
	if err != nil {
		t.Fatal(err)
	}
	g.serves(map[string][]byte{"k1": public})
	keys := newKeys(g, &clock{start}, new(bytes.Buffer))
	if err := keys.Verify(t.Context(), "k1", vectorSignature, []byte(vectorBody)); err != nil {
		t.Errorf("the vector: %v", err)
	}
	for name, c := range map[string][3]string{
		"other white space":      {"k1", vectorSignature, strings.ReplaceAll(vectorBody, ",", ", ")},
		"a line feed at the end": {"k1", vectorSignature, vectorBody + "\n"},
		"another identifier":     {"k2", vectorSignature, vectorBody},
		"no identifier":          {"", vectorSignature, vectorBody},
		"no signature":           {"k1", "", vectorBody},
		"not base64":             {"k1", "!", vectorBody},
		"not DER":                {"k1", "AAAA", vectorBody},
		"a long signature":       {"k1", strings.Repeat(vectorSignature, 100), vectorBody},
		"a long identifier":      {strings.Repeat("k", 1000), vectorSignature, vectorBody},
	} {
		if err := keys.Verify(t.Context(), c[0], c[1], []byte(c[2])); !errors.Is(err, domain.ErrInvalidSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := g.fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times, want once", n)
	}
}

func TestVerify_FollowsTheRotationOfKeysAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	g, c, body := newGitHub(t), &clock{start}, "[]"
	first, second := newSigner(t), newSigner(t)
	g.serves(map[string][]byte{"k1": der(t, &first.PublicKey)})
	keys := newKeys(g, c, new(bytes.Buffer))
	step := func(what, id string, s signer, want error, fetches int64) {
		t.Helper()
		if err := keys.Verify(t.Context(), id, s.sign(t, body), []byte(body)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		if n := g.fetches.Load(); n != fetches {
			t.Errorf("%s: %d fetches, want %d", what, n, fetches)
		}
	}
	step("the first key", "k1", first, nil, 1)
	g.serves(map[string][]byte{"k1": der(t, &first.PublicKey), "k2": der(t, &second.PublicKey)})
	step("a new key within a minute", "k2", second, domain.ErrInvalidSignature, 1)
	c.at = c.at.Add(time.Minute)
	step("a new key after a minute", "k2", second, nil, 2)
	step("the old key meanwhile", "k1", first, nil, 2)
	step("an unknown key", "k3", second, domain.ErrInvalidSignature, 2)
	g.serves(map[string][]byte{"k2": der(t, &second.PublicKey)})
	c.at = c.at.Add(time.Hour - time.Nanosecond)
	step("a withdrawn key while it is cached", "k1", first, nil, 2)
	c.at = c.at.Add(time.Nanosecond)
	step("a withdrawn key after an hour", "k1", first, domain.ErrInvalidSignature, 3)
	step("its successor", "k2", second, nil, 3)
}

func TestVerify_IsUnavailableWhileKeysCannotBeFetched(t *testing.T) {
	t.Parallel()
	s, body := newSigner(t), "[]"
	public := der(t, &s.PublicKey)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	many := map[string][]byte{}
	for i := range 101 {
		many[strings.Repeat("k", i+1)] = public
	}
	for name, answer := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"no keys": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"public_keys":[]}`)) },
		"too long a document": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Repeat(" ", 256<<10)))
			_ = json.NewEncoder(w).Encode(documentOf(map[string][]byte{"k1": public}))
		},
		"too many keys": func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(documentOf(many)) },
		"only keys of other types": func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(documentOf(map[string][]byte{
				"k1": der(t, &rsaKey.PublicKey), "k2": der(t, &p384.PublicKey), "k3": []byte("x"),
			}))
		},
		"a broken connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, c, log := newGitHub(t), &clock{start}, new(bytes.Buffer)
			g.answers(answer)
			keys := newKeys(g, c, log)
			for range 3 {
				if err := keys.Verify(t.Context(), "k1", s.sign(t, body), []byte(body)); !errors.Is(err, domain.ErrUnavailable) {
					t.Errorf("%v, want unavailable", err)
				}
			}
			if n := g.fetches.Load(); n != 1 {
				t.Errorf("%d fetches within a minute, want one", n)
			}
			if strings.Contains(log.String(), "opensesame") || log.Len() == 0 {
				t.Errorf("the log is %s", log)
			}
			g.serves(map[string][]byte{"k1": public})
			c.at = c.at.Add(time.Minute)
			if err := keys.Verify(t.Context(), "k1", s.sign(t, body), []byte(body)); err != nil {
				t.Errorf("after the failure: %v", err)
			}
		})
	}
}

func TestVerify_FetchesOnceForManyCallers(t *testing.T) {
	t.Parallel()
	g, s, body := newGitHub(t), newSigner(t), "[]"
	g.serves(map[string][]byte{"k1": der(t, &s.PublicKey)})
	keys := newKeys(g, &clock{start}, new(bytes.Buffer))
	signature := s.sign(t, body)
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			if err := keys.Verify(t.Context(), "k1", signature, []byte(body)); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if n := g.fetches.Load(); n != 1 {
		t.Errorf("%d fetches, want one", n)
	}
}

func TestVerify_DoesNotWaitForAFetchLongerThanItsContext(t *testing.T) {
	t.Parallel()
	g, s, body := newGitHub(t), newSigner(t), "[]"
	fetching, release := make(chan struct{}), make(chan struct{})
	g.answers(func(w http.ResponseWriter, _ *http.Request) {
		close(fetching)
		<-release
		_ = json.NewEncoder(w).Encode(documentOf(map[string][]byte{"k1": der(t, &s.PublicKey)}))
	})
	keys := newKeys(g, &clock{start}, new(bytes.Buffer))
	signature := s.sign(t, body)
	first := make(chan error)
	go func() { first <- keys.Verify(t.Context(), "k1", signature, []byte(body)) }()
	<-fetching
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := keys.Verify(ended, "k1", signature, []byte(body)); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("%v, want unavailable", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
}
