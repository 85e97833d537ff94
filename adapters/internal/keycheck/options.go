package keycheck

import (
	"log/slog"
	"net/netip"
	"time"
)

// ServerOptions are what a server of permission checks, such as that of
// adapters/extauthz, works with.
type ServerOptions struct {
	// Authorize performs permission checks; *apikeys.Service has such a method.
	Authorize Authorize
	// Messages are the sentences of responses, such as those of adapters/i18n.
	Messages Messages
	Logger   *slog.Logger
	Now      func() time.Time
	// InternalToken is what callers must send; empty: anyone who reaches the server
	// may ask.
	InternalToken string
	// TrustedProxies may name their clients in X-Forwarded-For; may be empty.
	TrustedProxies []netip.Prefix
}

// Messages speaks the languages of the service.
type Messages interface {
	// Match returns the tag of the language that fits the lines of an
	// Accept-Language header best.
	Match(acceptLanguage ...string) string
	// Message returns the sentence with that identifier.
	Message(language, id string, args map[string]string) string
}
