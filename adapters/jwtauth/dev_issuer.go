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

// The issuer and audience of the tokens of every [DevIssuer]. RFC 2606 reserves
// the domain, so that nobody can ever own it.
const (
	devIssuer   = "https://dev-issuer.apikeys.invalid"
	devAudience = "apikeys-dev"
)

const defaultDevTTL = time.Hour

// DevIssuer signs tokens for a service on a developer's machine, with a key that
// it generates. An [Authenticator] trusts it only if configured with its
// JWKSFile, Issuer and Audience; this package never does that by itself. It is
// safe for concurrent use.
type DevIssuer struct {
	dir string
	id  string                    // RFC 7638 thumbprint
	key func() ed25519.PrivateKey // a function, because fmt would print the bytes of a slice
}

// DevClaims are the claims of a development token.
type DevClaims struct {
	Account    string
	Portal     string            // SYSTEM, TENANT, PARTNER or CONSUMER
	Workspaces map[string]string // role by workspace ID; nil means none
	ClientHash string            // if empty, the token is not bound to a client
	IssuedAt   time.Time         // defaults to now
	TTL        time.Duration     // defaults to an hour
}

// LoadOrCreateDevIssuer returns the issuer whose private key is stored in
// dir/signing-key.json with mode 0600. It creates dir and the key if they do not
// exist; concurrent callers get the same key. It writes the public key to
// dir/jwks.json.
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

// Token returns a signed token with the default claim names, or an error if the
// account is missing or the portal unknown, because no service would accept it.
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

// publicSet returns the content of jwks.json.
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
