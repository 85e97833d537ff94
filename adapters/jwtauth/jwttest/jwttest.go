// Package jwttest issues bearer tokens for tests of the management API.
package jwttest

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/domain"
)

const (
	issuer   = "https://issuer.test.invalid"
	audience = "apikeys-test"
	keyID    = "test"
	lifetime = time.Hour
	// coordinate is the size of a coordinate of a point of P-256, and of half a signature.
	coordinate = 32
)

// Claims are the claims of a token.
type Claims = jwtauth.DevClaims

// Issuer signs tokens with its own key. It is safe for concurrent use.
type Issuer struct {
	algorithm string
	sign      func(signed []byte) ([]byte, error)
	jwksFile  string
	now       func() time.Time
	tokens    sync.Map // by claims, since signing takes long under the race detector
}

// NewIssuer returns an issuer whose files are removed when the test ends. It signs with
// ES256, because under the race detector signing and verifying take a fifth of the time
// of EdDSA.
func NewIssuer(tb testing.TB) *Issuer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	point, err := key.PublicKey.Bytes() // 4, and the coordinates
	if err != nil {
		tb.Fatal(err)
	}
	sign := func(signed []byte) ([]byte, error) {
		digest := sha256.Sum256(signed)
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			return nil, err
		}
		return append(r.FillBytes(make([]byte, coordinate)), s.FillBytes(make([]byte, coordinate))...), nil
	}
	return newIssuer(tb, "ES256", sign, map[string]string{
		"kty": "EC", "crv": "P-256", "x": encode(point[1 : 1+coordinate]), "y": encode(point[1+coordinate:]),
	})
}

// NewEd25519Issuer is like [NewIssuer], except that it signs with EdDSA.
func NewEd25519Issuer(tb testing.TB) *Issuer {
	tb.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	sign := func(signed []byte) ([]byte, error) { return ed25519.Sign(key, signed), nil }
	return newIssuer(tb, "EdDSA", sign, map[string]string{"kty": "OKP", "crv": "Ed25519", "x": encode(public)})
}

// newIssuer returns an issuer that signs with sign. It completes public, the members of
// its public key (RFC 7517).
func newIssuer(tb testing.TB, algorithm string, sign func([]byte) ([]byte, error), public map[string]string) *Issuer {
	tb.Helper()
	public["alg"], public["use"], public["kid"] = algorithm, "sig", keyID
	set, err := json.Marshal(map[string]any{"keys": []any{public}})
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "jwks.json")
	if err := os.WriteFile(file, set, 0o600); err != nil {
		tb.Fatal(err)
	}
	return &Issuer{algorithm: algorithm, sign: sign, jwksFile: file, now: time.Now}
}

func encode(content []byte) string { return base64.RawURLEncoding.EncodeToString(content) }

// SetClock sets the clock that determines when tokens are issued. It must be called
// before the first token is issued.
func (i *Issuer) SetClock(now func() time.Time) { i.now = now }

// Issuer returns the iss of every token.
func (i *Issuer) Issuer() string { return issuer }

// Audience returns the aud of every token.
func (i *Issuer) Audience() string { return audience }

// JWKSFile returns the path of the file with the issuer's public key.
func (i *Issuer) JWKSFile(tb testing.TB) string {
	tb.Helper()
	return i.jwksFile
}

// Token returns a signed token. It fails the test if the account is missing or
// the portal unknown.
func (i *Issuer) Token(tb testing.TB, c Claims) string {
	tb.Helper()
	if c.IssuedAt.IsZero() {
		c.IssuedAt = i.now()
	}
	c.IssuedAt = c.IssuedAt.Truncate(time.Second) // as in the token
	claims := fmt.Sprintf("%#v", c)
	if known, ok := i.tokens.Load(claims); ok {
		token, _ := known.(string)
		return token
	}
	token, err := i.token(c)
	if err != nil {
		tb.Fatal(err)
	}
	i.tokens.Store(claims, token)
	return token
}

// token returns a JWS in compact serialization (RFC 7515).
func (i *Issuer) token(c Claims) (string, error) {
	payload, err := payloadOf(c)
	if err != nil {
		return "", err
	}
	header := `{"alg":"` + i.algorithm + `","kid":"` + keyID + `","typ":"JWT"}`
	signed := encode([]byte(header)) + "." + encode(payload)
	signature, err := i.sign([]byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

func payloadOf(c Claims) ([]byte, error) {
	if c.Account == "" {
		return nil, errors.New("account is missing")
	}
	if _, ok := domain.ParsePortal(c.Portal); !ok {
		return nil, fmt.Errorf("there is no portal %q", c.Portal)
	}
	payload := map[string]any{
		"iss": issuer, "aud": audience, "sub": c.Account, "portal": c.Portal,
		"iat": c.IssuedAt.Unix(), "exp": c.IssuedAt.Add(cmp.Or(c.TTL, lifetime)).Unix(),
	}
	if c.Workspaces != nil {
		payload["workspaces"] = c.Workspaces
	}
	if c.ClientHash != "" {
		payload["client_hash"] = c.ClientHash
	}
	return json.Marshal(payload)
}

// Authenticator returns an authenticator that trusts the issuer and uses its
// clock. It is closed when the test ends.
func (i *Issuer) Authenticator(tb testing.TB) *jwtauth.Authenticator {
	tb.Helper()
	a, err := jwtauth.New(tb.Context(), jwtauth.Config{
		Issuer:   i.Issuer(),
		Audience: i.Audience(),
		JWKSFile: i.JWKSFile(tb),
		Now:      i.now,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := a.Close(); err != nil {
			tb.Error(err)
		}
	})
	return a
}
