// Package jwttest makes the tokens that tests of the management API send.
package jwttest

import (
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
)

// Claims is whom a token speaks of.
type Claims = jwtauth.DevClaims

// Issuer signs tokens with a key of its own. It may be used by many goroutines.
type Issuer struct {
	Issuer   string // what an authenticator must be told to expect as iss
	Audience string // what an authenticator must be told to expect in aud

	tb     testing.TB
	signer *jwtauth.DevIssuer
}

// NewIssuer returns an issuer that lives as long as the test.
func NewIssuer(tb testing.TB) *Issuer {
	tb.Helper()
	signer, err := jwtauth.LoadOrCreateDevIssuer(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return &Issuer{Issuer: signer.Issuer(), Audience: signer.Audience(), tb: tb, signer: signer}
}

// JWKSFile returns the path of the file with the issuer's public key.
func (i *Issuer) JWKSFile(tb testing.TB) string {
	tb.Helper()
	return i.signer.JWKSFile()
}

// Token returns a signed token. It ends the test that made the issuer when
// the claims name no account or no portal.
func (i *Issuer) Token(c Claims) string {
	i.tb.Helper()
	token, err := i.signer.Token(c)
	if err != nil {
		i.tb.Fatal(err)
	}
	return token
}

// Authenticator returns an authenticator that trusts the issuer and is closed
// with tb.
func (i *Issuer) Authenticator(tb testing.TB) *jwtauth.Authenticator {
	tb.Helper()
	a, err := jwtauth.New(tb.Context(), jwtauth.Config{
		Issuer:   i.Issuer,
		Audience: i.Audience,
		JWKSFile: i.JWKSFile(tb),
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
