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

// errNoAnswer says nothing of what was received: a server that is not the
// service may send back what it was sent.
var errNoAnswer = errors.New("client: what was received is no answer to a permission check; does BaseURL lead to the service?")

// unreached is the error of a question without an answer. Of what net/http
// says only that is passed on which cannot quote what was received.
func unreached(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("client: no answer in time: %w: %w", domain.ErrUnavailable, cause)
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
		return fmt.Errorf("client: no answer in time: %w", domain.ErrUnavailable)
	}
	return fmt.Errorf("client: the connection broke, or what was received is not HTTP: %w", domain.ErrUnavailable)
}

// refusal is the error of an answer that is not 200.
func refusal(status int) error {
	switch {
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return fmt.Errorf("client: the service answered %d: %w", status, domain.ErrUnavailable)
	case status == http.StatusUnauthorized:
		return errors.New("client: the service refused the internal token")
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return fmt.Errorf("client: a redirect (%d), which is not followed; does BaseURL lead to the service?", status)
	}
	return fmt.Errorf("client: the question was refused with %d; does BaseURL lead to the service?", status)
}
