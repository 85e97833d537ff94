package jwtauth

import (
	"cmp"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/slaunchx/apikeys/domain"
)

// What tokens of every [DevIssuer] are issued by and for. RFC 2606 keeps the
// domain from ever being anyone's.
const (
	devIssuer   = "https://dev-issuer.apikeys.invalid"
	devAudience = "apikeys-dev"
)

const defaultDevTTL = time.Hour

// DevIssuer signs tokens for a service on the developer's own machine. Its key
// is made on the spot, and an [Authenticator] trusts it only when it is
// configured with the issuer's JWKSFile, Issuer and Audience; nothing in this
// package does that by itself. It is safe for concurrent use.
type DevIssuer struct {
	dir string
	id  string                    // RFC 7638 thumbprint
	key func() ed25519.PrivateKey // a function, since fmt prints what a slice holds
}

// DevClaims is whom a development token speaks of.
type DevClaims struct {
	Account    string
	Portal     string            // SYSTEM, TENANT, PARTNER or CONSUMER
	Workspaces map[string]string // role by workspace; none when nil
	ClientHash string            // the token is not bound to a device when empty
	IssuedAt   time.Time         // zero: now
	TTL        time.Duration     // zero: an hour
}

// LoadOrCreateDevIssuer returns the issuer whose key is kept in dir, in
// signing-key.json with mode 0600. Where there is none yet it makes one, and
// dir with it; of several callers at once all get the same. The public half
// is written to jwks.json beside it.
func LoadOrCreateDevIssuer(dir string) (*DevIssuer, error) {
	issuer, err := loadOrCreateDevIssuer(dir)
	if err != nil {
		return nil, fmt.Errorf("development issuer: %w", err)
	}
	return issuer, nil
}

// JWKSFile returns the path of the file with the public key.
func (i *DevIssuer) JWKSFile() string { return filepath.Join(i.dir, "jwks.json") }

// Issuer returns the iss of every token.
func (i *DevIssuer) Issuer() string { return devIssuer }

// Audience returns the aud of every token.
func (i *DevIssuer) Audience() string { return devAudience }

// Token returns a signed token with the default claim names. It fails when the
// claims name no account or no portal, since no service would accept them.
func (i *DevIssuer) Token(c DevClaims) (string, error) {
	if c.Account == "" {
		return "", errors.New("development token: account is missing")
	}
	if _, ok := domain.ParsePortal(c.Portal); !ok {
		return "", errors.New("development token: portal must be SYSTEM, TENANT, PARTNER or CONSUMER")
	}
	payload, err := json.Marshal(c.payload())
	if err != nil {
		return "", fmt.Errorf("development token: %w", err)
	}
	headers := jws.NewHeaders()
	err = errors.Join(headers.Set(jws.KeyIDKey, i.id), headers.Set(jws.TypeKey, "JWT"))
	if err != nil {
		return "", fmt.Errorf("development token: %w", err)
	}
	token, err := jws.Sign(payload, jws.WithKey(jwa.EdDSA, i.key(), jws.WithProtectedHeaders(headers)))
	if err != nil {
		return "", fmt.Errorf("development token: %w", err)
	}
	return string(token), nil
}

func (c DevClaims) payload() map[string]any {
	at := c.IssuedAt
	if at.IsZero() {
		at = time.Now()
	}
	names := ClaimNames{}.complete()
	payload := map[string]any{
		"iss":         devIssuer,
		"aud":         devAudience,
		"iat":         at.Unix(),
		"exp":         at.Add(cmp.Or(c.TTL, defaultDevTTL)).Unix(),
		names.Account: c.Account,
		names.Portal:  c.Portal,
	}
	if c.Workspaces != nil {
		payload[names.Workspaces] = c.Workspaces
	}
	if c.ClientHash != "" {
		payload[names.ClientHash] = c.ClientHash
	}
	return payload
}

// publicSet returns the document of jwks.json.
func (i *DevIssuer) publicSet() ([]byte, error) {
	key, err := jwk.FromRaw(i.key().Public())
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		key.Set(jwk.KeyIDKey, i.id),
		key.Set(jwk.AlgorithmKey, jwa.EdDSA),
		key.Set(jwk.KeyUsageKey, jwk.ForSignature),
	)
	if err != nil {
		return nil, err
	}
	set := jwk.NewSet()
	if err := set.AddKey(key); err != nil {
		return nil, err
	}
	return json.Marshal(set)
}
