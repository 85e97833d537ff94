package httpapi

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/clientaddr"
	"github.com/slaunchx/apikeys/domain"
)

// limited is an errTooMany with the time until it ends.
type limited struct {
	of   string // the kind of limit
	wait time.Duration
}

func (l limited) Error() string { return errTooMany.Error() + ": " + l.of }

func (limited) Unwrap() error { return errTooMany }

// retryAfterWait returns the time to wait in whole seconds (RFC 9110 section
// 10.2.3), rounded up and never 0.
func retryAfterWait(h http.Header, err error) {
	var l limited
	if errors.As(err, &l) {
		seconds := (l.wait + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
}

// authenticateWithinRate authenticates the caller and counts the request against
// the rate limit of the account.
func authenticateWithinRate(x *exchange) (domain.Actor, error) {
	actor, err := authenticate(x)
	if errors.Is(err, domain.ErrInvalidToken) {
		return domain.Actor{}, unproven(x, err)
	}
	if err != nil {
		return domain.Actor{}, err
	}
	if wait := x.api.options.ManagementRate.Take(actor.AccountID); wait > 0 {
		return domain.Actor{}, limited{of: "requests of the account", wait: wait}
	}
	return actor, nil
}

// unproven counts a failed authentication of an address, and returns the error
// to respond with. Only failures are limited, so an attacker cannot lock out
// callers with valid tokens at the same address.
func unproven(x *exchange, refusal error) error {
	from := neighbourhood(clientAddr(x.Request(), x.api.options.TrustedProxies))
	if wait := x.api.options.AuthFailureRate.Take(from); wait > 0 {
		return limited{of: "failed authentications from the address", wait: wait}
	}
	return refusal
}

// clientAddr returns the address of the client of r, or the zero address if it
// is unknown.
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	return clientaddr.Of(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), trusted)
}

// neighbourhood returns the name of the rate-limit bucket of addr. IPv6
// addresses share one per /64, within which a host can use any address
// (RFC 4291 section 2.5.4). All unknown addresses share one.
func neighbourhood(addr netip.Addr) string {
	if !addr.Is6() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
