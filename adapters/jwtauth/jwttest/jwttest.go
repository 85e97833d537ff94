// Package jwttest issues bearer tokens for tests of the management API.
package jwttest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
)

// Claims are the claims of a token.
type Claims = jwtauth.DevClaims

// Issuer signs tokens with its own key. It is safe for concurrent use.
type Issuer struct {
	signer *jwtauth.DevIssuer
	now    func() time.Time
	tokens sync.Map // by claims, since signing takes long under the race detector
}

// NewIssuer returns an issuer whose files are removed when the test ends.
func NewIssuer(tb testing.TB) *Issuer {
	tb.Helper()
	signer, err := jwtauth.LoadOrCreateDevIssuer(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return &Issuer{signer: signer, now: time.Now}
}

// SetClock sets the clock that tokens are issued by. It must be called before
// the first token is issued.
func (i *Issuer) SetClock(now func() time.Time) { i.now = now }

// Issuer returns the iss of every token.
func (i *Issuer) Issuer() string { return i.signer.Issuer() }

// Audience returns the aud of every token.
func (i *Issuer) Audience() string { return i.signer.Audience() }

// JWKSFile returns the path of the file with the issuer's public key.
func (i *Issuer) JWKSFile(tb testing.TB) string {
	tb.Helper()
	return i.signer.JWKSFile()
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
	token, err := i.signer.Token(c)
	if err != nil {
		tb.Fatal(err)
	}
	i.tokens.Store(claims, token)
	return token
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
