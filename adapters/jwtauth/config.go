package jwtauth

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// Config says whose tokens are trusted. Issuer, Audience and one of JWKSURL
// and JWKSFile are required.
type Config struct {
	Issuer   string // what iss must be, to the letter
	Audience string // what aud must contain, to the letter
	Claims   ClaimNames
	// DefaultPortal is the portal of a token without that claim. Empty: such a
	// token is invalid.
	DefaultPortal domain.Portal

	// JWKSURL is where the issuer's keys are fetched: https, or http from
	// localhost or a loopback address. It must not contain a password.
	// Redirects are not followed.
	JWKSURL string
	// AllowHTTP allows JWKSURL to be http from any host. Anyone who can change
	// the response on its way can then sign tokens.
	AllowHTTP bool
	// JWKSFile is a file with the issuer's keys.
	JWKSFile string
	// HTTPClient fetches JWKSURL, with its CheckRedirect overridden. If it is
	// nil, the package uses a client that respects the proxy variables.
	HTTPClient *http.Client

	// RefreshInterval is how often keys are read again in the background.
	// Zero: 15 minutes from a URL, 1 minute from a file.
	RefreshInterval time.Duration
	// LookupInterval is the least time between two reads that are caused by
	// tokens that no known key has signed. Zero: 1 minute.
	LookupInterval time.Duration

	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: nothing is logged
}

// ClaimNames are the members of a token's payload that say who calls. An empty
// name stands for its default.
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

// complete returns c with its defaults, and every fault of it joined.
func (c Config) complete() (Config, error) {
	var faults []error
	if c.Issuer == "" {
		faults = append(faults, errors.New("issuer is missing"))
	}
	if c.Audience == "" {
		faults = append(faults, errors.New("audience is missing"))
	}
	if (c.JWKSURL == "") == (c.JWKSFile == "") {
		faults = append(faults, errors.New("one of JWKS URL and JWKS file must be given"))
	}
	if c.RefreshInterval < 0 || c.LookupInterval < 0 {
		faults = append(faults, errors.New("intervals must not be negative"))
	}
	c.Claims = c.Claims.complete()
	if !c.Claims.distinct() {
		faults = append(faults, errors.New("two claims have one name"))
	}
	if _, ok := domain.ParsePortal(string(c.DefaultPortal)); !ok && c.DefaultPortal != "" {
		faults = append(faults, errors.New("default portal must be SYSTEM, TENANT, PARTNER or CONSUMER"))
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
	return c, errors.Join(faults...)
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
