package client

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const (
	defaultTimeout      = time.Second
	defaultCacheEntries = 10_000
	longestCacheFor     = time.Minute
)

// Options say whom to ask and how. Only BaseURL is required.
type Options struct {
	// BaseURL is where the service's internal address is reached, with the
	// path before /internal if there is one: https://apikeys.internal:8081.
	// Plain http is refused unless the host is loopback or AllowPlaintext is set.
	BaseURL string
	// Token is what the service has as APIKEYS_INTERNAL_TOKEN; empty where it
	// has none.
	Token Token
	// Timeout bounds one check, its connection included; 0: one second.
	Timeout time.Duration
	// AllowPlaintext sends secrets in the clear to hosts other than loopback,
	// for networks that encrypt below HTTP.
	AllowPlaintext bool
	// HTTPClient carries the questions; nil: one of the client's own, which
	// uses no proxy. Of a given one the Transport and the Timeout are used,
	// never its cookies, and redirects are not followed: the secret goes to
	// BaseURL and nowhere else.
	HTTPClient *http.Client

	// CacheFor is how long a yes may be given again, without asking, to the
	// same secret, scopes and address: 0, the default, never; at most one
	// minute. It is what a key that was disabled, deleted or restricted goes
	// on being accepted for here, beyond the second within which the service
	// promises to refuse it. A no is never kept, and no yes outlives the
	// key's ExpiresAt by the clock of this process.
	CacheFor time.Duration
	// CacheEntries bounds what is kept; 0: 10,000. An entry takes half a
	// kilobyte and the length of the key's scopes.
	CacheEntries int
	// Now is the clock that the age of what is kept is read from; nil: [time.Now].
	Now func() time.Time
}

// Client asks a service for permission. It is safe for concurrent use.
type Client struct {
	endpoint string
	timeout  time.Duration
	http     *http.Client
	owned    bool // http is the client's own
	// prove adds the token. A function keeps it from whatever prints or walks
	// through a Client.
	prove    func(http.Header)
	shortcut *shortcut // nil: nothing is kept
}

// New returns a client. It does not need the service to be reachable. Close
// it when done with it.
func New(o Options) (*Client, error) {
	endpoint, err := endpointOf(o.BaseURL, o.AllowPlaintext)
	if err != nil {
		return nil, err
	}
	prove, err := o.Token.prover()
	if err != nil {
		return nil, err
	}
	if o.Timeout < 0 {
		return nil, errors.New("client: Timeout is negative")
	}
	kept, err := newShortcut(o)
	if err != nil {
		return nil, err
	}
	timeout := cmp.Or(o.Timeout, defaultTimeout)
	return &Client{
		endpoint: endpoint,
		timeout:  timeout,
		http:     newHTTPClient(o.HTTPClient, timeout),
		owned:    o.HTTPClient == nil,
		prove:    prove,
		shortcut: kept,
	}, nil
}

// Authorize answers a permission check. A zero secret, which a malformed one
// turns into, is NOT_FOUND and not asked about.
//
// An error means that there is no answer. It wraps [domain.ErrUnavailable]
// when the same question may succeed later: the service cannot be reached,
// does not answer in time, or answers 408, 429 or 5xx. Any other error is one
// of configuration, such as a wrong token or a BaseURL that leads elsewhere.
// No error holds the secret or the token, nor anything that was sent back by
// who was told them.
func (c *Client) Authorize(ctx context.Context, check domain.Check) (domain.Decision, error) {
	if check.Secret.IsZero() {
		return domain.NotFound(), nil
	}
	if c.shortcut == nil {
		return c.ask(ctx, check)
	}
	name := c.shortcut.name(check)
	if decision, ok := c.shortcut.get(name); ok {
		return decision, nil
	}
	sent := c.shortcut.now()
	decision, err := c.ask(ctx, check)
	if err == nil && decision.Allowed() {
		c.shortcut.keep(name, decision, sent)
	}
	return decision, err
}

// Close releases idle connections, unless they are those of a given
// HTTPClient, and ends the work in the background.
func (c *Client) Close() {
	if c.owned {
		c.http.CloseIdleConnections()
	}
	if c.shortcut != nil {
		c.shortcut.close()
	}
}
