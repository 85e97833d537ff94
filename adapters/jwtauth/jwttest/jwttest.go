// Package jwttest makes the tokens that tests of the management API send.
package jwttest

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
)

// Claims is whom a token speaks of.
type Claims = jwtauth.DevClaims

// Issuer signs tokens with a key of its own. It is safe for concurrent use.
type Issuer struct {
	signer *jwtauth.DevIssuer
	now    func() time.Time
}

// NewIssuer returns an issuer that lives as long as the test.
func NewIssuer(tb testing.TB) *Issuer {
	tb.Helper()
	signer, err := jwtauth.LoadOrCreateDevIssuer(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return &Issuer{signer: signer, now: time.Now}
}

// SetClock makes tokens begin at what now says. It is for before the first token.
func (i *Issuer) SetClock(now func() time.Time) { i.now = now }

// Issuer returns what an authenticator must be told to expect as iss.
func (i *Issuer) Issuer() string { return i.signer.Issuer() }

// Audience returns what an authenticator must be told to expect in aud.
func (i *Issuer) Audience() string { return i.signer.Audience() }

// JWKSFile returns the path of the file with the issuer's public key.
func (i *Issuer) JWKSFile(tb testing.TB) string {
	tb.Helper()
	return i.signer.JWKSFile()
}

// Token returns a signed token. It ends the test when the claims name no
// account or no portal.
func (i *Issuer) Token(tb testing.TB, c Claims) string {
	tb.Helper()
	if c.IssuedAt.IsZero() {
		c.IssuedAt = i.now()
	}
	token, err := i.signer.Token(c)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// Authenticator returns an authenticator that trusts the issuer, on the
// issuer's clock. It is closed with the test.
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
