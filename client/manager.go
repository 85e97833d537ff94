package client

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const (
	defaultAttempts       = 4
	defaultAttemptTimeout = 10 * time.Second
	maxClientHash         = 256
	maxLanguage           = 256
)

// TokenSource returns the bearer token for the next request: a JWT of the account
// that manages keys. It is called for every attempt and must be safe for
// concurrent use; cache tokens if they are expensive.
type TokenSource func(ctx context.Context) (string, error)

// ManagerOptions configure a [Manager]. BaseURL, Token and ClientHash are required.
type ManagerOptions struct {
	// BaseURL is the URL of the service's public listener, including any path
	// before /web, such as https://keys.example.com. It must be https unless the
	// host is loopback or AllowPlaintext is set.
	BaseURL string
	// Token authenticates the requests.
	Token TokenSource
	// ClientHash is the fingerprint of this client, 1 to 256 visible ASCII
	// characters. It is stored in the audit trail, and must equal the token's
	// client-hash claim if it has one.
	ClientHash string
	// Language is the language of error messages as in Accept-Language, such as
	// "ja". It defaults to English. See [Manager.WithLanguage].
	Language string
	// Timeout limits one attempt, including the time to connect. It defaults to
	// 10 seconds. The context limits all attempts together.
	Timeout time.Duration
	// Attempts is the maximum number of times that a request is sent if the service is
	// unavailable or asks the client to slow down. It defaults to 4; 1 disables
	// retries.
	Attempts int
	// AllowPlaintext allows http to hosts other than loopback, for networks that
	// encrypt below HTTP. Without such encryption tokens and new secrets are sent
	// in plain text.
	AllowPlaintext bool
	// HTTPClient sends the requests. It defaults to a client that uses no proxy.
	// Only its Transport and Timeout are used: cookies are not sent and redirects
	// not followed, so that tokens go only to BaseURL.
	HTTPClient *http.Client
}

// Manager manages the keys of workspaces through the service's public listener. It
// is safe for concurrent use.
type Manager struct {
	base       string // without a trailing slash
	token      TokenSource
	clientHash string
	language   string
	timeout    time.Duration
	attempts   int
	http       *http.Client
	owned      bool // whether http was created by NewManager
}

// NewManager returns a manager, or an error if an option is invalid. The service
// need not be reachable. The caller should call Close when done.
func NewManager(o ManagerOptions) (*Manager, error) {
	base, err := baseURL(o.BaseURL, o.AllowPlaintext)
	switch {
	case err != nil:
		return nil, err
	case o.Token == nil:
		return nil, errors.New("client: Token is required")
	case o.ClientHash == "" || len(o.ClientHash) > maxClientHash || !isVisibleASCII(o.ClientHash):
		return nil, errors.New("client: ClientHash must be 1 to 256 visible ASCII characters")
	case !isLanguage(o.Language):
		return nil, errors.New("client: Language must be a value of Accept-Language")
	case o.Timeout < 0 || o.Attempts < 0:
		return nil, errors.New("client: Timeout and Attempts must not be negative")
	}
	timeout := cmp.Or(o.Timeout, defaultAttemptTimeout)
	return &Manager{
		base:       strings.TrimSuffix(base.String(), "/"),
		token:      o.Token,
		clientHash: o.ClientHash,
		language:   o.Language,
		timeout:    timeout,
		attempts:   cmp.Or(o.Attempts, defaultAttempts),
		http:       newHTTPClient(o.HTTPClient, timeout),
		owned:      o.HTTPClient == nil,
	}, nil
}

// WithLanguage returns a manager whose error messages are in language, a value of
// Accept-Language. It shares the connections of m. If language is not a valid header
// value, messages are in English.
func (m *Manager) WithLanguage(language string) *Manager {
	translated := *m
	translated.language = ""
	if isLanguage(language) {
		translated.language = language
	}
	return &translated
}

// Workspace returns the workspace with the given ID. It sends no request: every
// method of the workspace fails with [domain.ErrNotOwner] if the token's account
// does not own it.
func (m *Manager) Workspace(id domain.WorkspaceID) *Workspace {
	path := "/web/v1/workspaces/" + url.PathEscape(string(id))
	return &Workspace{manager: m, id: id, path: path + "/api-keys", webhooks: path + "/webhooks"}
}

// Close closes idle connections, except those of a given HTTPClient. It may be
// called more than once.
func (m *Manager) Close() {
	if m.owned {
		m.http.CloseIdleConnections()
	}
}

func isVisibleASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}

func isLanguage(s string) bool {
	return len(s) <= maxLanguage && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
