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
	maxCacheFor         = time.Minute
)

// Options configure a [Client]. Only BaseURL is required.
type Options struct {
	// BaseURL is the URL of the service's internal listener, including any path
	// before /internal, such as https://apikeys.internal:8081. It must be https
	// unless the host is loopback or AllowPlaintext is set.
	BaseURL string
	// Token is the service's APIKEYS_INTERNAL_TOKEN; empty if it has none.
	Token Token
	// Timeout limits one check, including the time to connect. It defaults to one
	// second.
	Timeout time.Duration
	// AllowPlaintext allows http to hosts other than loopback, for networks that
	// encrypt below HTTP. Without such encryption secrets are sent in plain text.
	AllowPlaintext bool
	// HTTPClient sends the requests. It defaults to a client that uses no proxy.
	// Only its Transport and Timeout are used: cookies are not sent and redirects
	// not followed, so that secrets go only to BaseURL.
	HTTPClient *http.Client

	// CacheFor is how long an approval may be reused for the same secret, scopes and
	// address, at most one minute. The default, 0, disables the cache. A key that is
	// disabled, deleted or restricted may be accepted by this client for that much
	// longer than the one second that the service promises. Denials and approvals of
	// keys with limits are never cached, and no approval is reused once Now is past the
	// key's ExpiresAt.
	CacheFor time.Duration
	// CacheEntries is the maximum number of cached approvals. It defaults to
	// 10,000. An entry takes half a kilobyte plus the length of the key's scopes.
	CacheEntries int
	// Now is the clock for the age of cached approvals. It defaults to [time.Now].
	Now func() time.Time
}

// Client checks keys with a service over HTTP. It is safe for concurrent use.
type Client struct {
	endpoint string
	timeout  time.Duration
	http     *http.Client
	owned    bool // whether http was created by New
	// authenticate adds the token. It is a function so that printing or
	// reflecting on a Client does not reveal the token.
	authenticate func(http.Header)
	cache        *cache // nil if approvals are not cached
}

// New returns a client, or an error if an option is invalid. The service need not
// be reachable. The caller should call Close when done.
func New(o Options) (*Client, error) {
	endpoint, err := endpointOf(o.BaseURL, o.AllowPlaintext)
	if err != nil {
		return nil, err
	}
	authenticate, err := o.Token.authenticator()
	if err != nil {
		return nil, err
	}
	if o.Timeout < 0 {
		return nil, errors.New("client: Timeout must not be negative")
	}
	cache, err := newCache(o)
	if err != nil {
		return nil, err
	}
	timeout := cmp.Or(o.Timeout, defaultTimeout)
	return &Client{
		endpoint:     endpoint,
		timeout:      timeout,
		http:         newHTTPClient(o.HTTPClient, timeout),
		owned:        o.HTTPClient == nil,
		authenticate: authenticate,
		cache:        cache,
	}, nil
}

// Authorize performs a permission check. A zero secret, which is the result of parsing a
// malformed one, gives NOT_FOUND without a request. The Window and Start of the
// decision's limits are not set.
//
// If Authorize returns an error, there is no decision. The error wraps
// [domain.ErrUnavailable] if the check may succeed later: the service cannot be
// reached, does not respond in time, or responds with 408, 429 or 5xx. Any other error
// means that the configuration is wrong, for example the token or BaseURL. No error
// contains the secret, the token or any part of a response.
func (c *Client) Authorize(ctx context.Context, check domain.Check) (domain.Decision, error) {
	if check.Secret.IsZero() {
		return domain.NotFound(), nil
	}
	if c.cache == nil {
		return c.verify(ctx, check)
	}
	id := c.cache.idOf(check)
	if decision, ok := c.cache.get(id); ok {
		return decision, nil
	}
	sent := c.cache.now()
	decision, err := c.verify(ctx, check)
	// A decision from the cache spends nothing, so approvals with limits are not
	// cached.
	if err == nil && decision.Allowed() && decision.Limits == nil {
		c.cache.put(id, decision, sent)
	}
	return decision, err
}

// Close closes idle connections, except those of a given HTTPClient, and stops
// background goroutines. It may be called more than once.
func (c *Client) Close() {
	if c.owned {
		c.http.CloseIdleConnections()
	}
	if c.cache != nil {
		c.cache.close()
	}
}
