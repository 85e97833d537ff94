package jwtauth

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Config configures which tokens are trusted. Issuer, Audience and exactly one of
// JWKSURL and JWKSFile are required.
type Config struct {
	Issuer   string // the exact value of iss
	Audience string // a value that aud must contain, exactly
	Claims   ClaimNames
	// DefaultPortal is the portal of a token without that claim. If it is empty,
	// such a token is invalid.
	DefaultPortal domain.Portal

	// JWKSURL is the URL of the issuer's key set. It must be https, or http on
	// localhost or a loopback address, and must not contain a password.
	// Redirects are not followed.
	JWKSURL string
	// AllowHTTP allows JWKSURL to be http on any host. Anyone who can modify the
	// response in transit can then sign tokens.
	AllowHTTP bool
	// JWKSFile is a file with the issuer's keys.
	JWKSFile string
	// HTTPClient fetches JWKSURL; its CheckRedirect is not used. It defaults to a
	// client that respects the proxy variables.
	HTTPClient *http.Client

	// RefreshInterval is the time between two background reads of the keys. It defaults
	// to 15 minutes for a URL and 1 minute for a file.
	RefreshInterval time.Duration
	// LookupInterval is the minimum time between two reads caused by tokens that no
	// known key has signed. It defaults to 1 minute.
	LookupInterval time.Duration

	Now    func() time.Time // defaults to time.Now
	Logger *slog.Logger     // defaults to a logger that discards everything
}

// ClaimNames are the names of the claims that identify the caller. An empty name
// stands for its default.
type ClaimNames struct {
	Account    string // default "sub": 1 to 255 bytes without control characters
	Portal     string // default "portal": SYSTEM, TENANT, PARTNER or CONSUMER; may be absent if there is a default
	Workspaces string // default "workspaces": object from workspace ID to a role or an array of roles; may be absent
	ClientHash string // default "client_hash": 1 to 256 visible ASCII characters; may be absent
}

const (
	defaultURLRefresh  = 15 * time.Minute
	defaultFileRefresh = time.Minute
	defaultLookup      = time.Minute
)

// complete returns c with its defaults, or all its errors joined.
func (c Config) complete() (Config, error) {
	var errs []error
	if c.Issuer == "" {
		errs = append(errs, errors.New("issuer is missing"))
	}
	if c.Audience == "" {
		errs = append(errs, errors.New("audience is missing"))
	}
	if (c.JWKSURL == "") == (c.JWKSFile == "") {
		errs = append(errs, errors.New("one of JWKS URL and JWKS file must be given"))
	}
	if c.RefreshInterval < 0 || c.LookupInterval < 0 {
		errs = append(errs, errors.New("intervals must not be negative"))
	}
	c.Claims = c.Claims.complete()
	if !c.Claims.distinct() {
		errs = append(errs, errors.New("two claims have the same name"))
	}
	if _, ok := domain.ParsePortal(string(c.DefaultPortal)); !ok && c.DefaultPortal != "" {
		errs = append(errs, errors.New("default portal must be SYSTEM, TENANT, PARTNER or CONSUMER"))
	}
	refresh := defaultURLRefresh
	if c.JWKSFile != "" {
		refresh = defaultFileRefresh
	}
	c.RefreshInterval = cmp.Or(c.RefreshInterval, refresh)
	c.LookupInterval = cmp.Or(c.LookupInterval, defaultLookup)
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, errors.Join(errs...)
}

func (n ClaimNames) complete() ClaimNames {
	return ClaimNames{
		Account:    cmp.Or(n.Account, "sub"),
		Portal:     cmp.Or(n.Portal, "portal"),
		Workspaces: cmp.Or(n.Workspaces, "workspaces"),
		ClientHash: cmp.Or(n.ClientHash, "client_hash"),
	}
}

func (n ClaimNames) distinct() bool {
	return len(map[string]bool{n.Account: true, n.Portal: true, n.Workspaces: true, n.ClientHash: true}) == 4
}
