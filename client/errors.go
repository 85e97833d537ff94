package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/slaunchx/apikeys/domain"
)

// errUnexpectedResponse does not quote the response, because a server that is not the
// service may echo the request.
var errUnexpectedResponse = errors.New("client: the response is not that of a permission check; check BaseURL")

// transportError returns the error for a request without a response. It wraps
// only those net/http errors that cannot quote received data.
func transportError(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("client: no response in time: %w: %w", domain.ErrUnavailable, cause)
	}
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &network):
		return fmt.Errorf("client: %w: %w", domain.ErrUnavailable, network)
	case errors.As(err, &certificate):
		return fmt.Errorf("client: %w: %w", domain.ErrUnavailable, certificate)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("client: no response in time: %w", domain.ErrUnavailable)
	}
	return fmt.Errorf("client: connection lost or response is not HTTP: %w", domain.ErrUnavailable)
}

// statusError returns the error for a response with a status other than 200.
func statusError(status int) error {
	switch {
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return fmt.Errorf("client: the service responded with status %d: %w", status, domain.ErrUnavailable)
	case status == http.StatusUnauthorized:
		return errors.New("client: the service rejected the internal token")
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return fmt.Errorf("client: redirects are not followed (status %d); check BaseURL", status)
	}
	return fmt.Errorf("client: the check was rejected with status %d; check BaseURL", status)
}
