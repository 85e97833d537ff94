package webhooks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// attemptTimeout bounds an attempt, from the DNS look-up to the end of the
	// response.
	attemptTimeout = 15 * time.Second
	// bodyTimeout bounds reading the body of a response. The body has no effect on the
	// result and is read only so that the connection can be reused.
	bodyTimeout = time.Second
	maxBody     = 64 << 10 // bytes
)

// result is the outcome of an attempt, for metrics and logs.
type result string

// The results.
const (
	resultDelivered   result = "delivered"   // 2xx
	resultRejected    result = "rejected"    // any other status but 410
	resultGone        result = "gone"        // 410
	resultTimeout     result = "timeout"     // no response within 15 s
	resultUnreachable result = "unreachable" // no connection, or no valid TLS handshake
	resultForbidden   result = "forbidden"   // an address or URL that must not be called
	resultBroken      result = "broken"      // a connection, but no valid HTTP response
	resultStopped     result = "stopped"     // the service stopped before the response
	resultUnopened    result = "unopened"    // the secret cannot be opened; nothing was sent
)

// attempted is a finished attempt.
type attempted struct {
	result result
	status int           // of the response, 0 without one
	asked  time.Duration // the delay in Retry-After
	err    error         // without the URL, which may contain a credential
}

// attempt sends a delivery once.
func (s *Sender) attempt(ctx context.Context, due ports.DueDelivery, secrets []domain.WebhookSecret) attempted {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, due.URL, bytes.NewReader(due.Body))
	if err != nil {
		return attempted{result: resultForbidden, err: errors.New("malformed URL")}
	}
	now := s.now()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "apikeys-webhooks")
	sign(request.Header, secrets, string(due.ID), now, due.Body)
	if request.URL.Scheme != "https" && !s.insecure {
		return attempted{result: resultForbidden, err: errors.New("not https")}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return failed(ctx, err)
	}
	defer response.Body.Close()
	a := attempted{result: judge(response.StatusCode), status: response.StatusCode}
	if a.result == resultRejected {
		a.asked = retryAfter(response.Header, now)
	}
	if a.status == http.StatusSwitchingProtocols {
		return a // the body is the connection itself, which no deadline ends
	}
	defer time.AfterFunc(bodyTimeout, cancel).Stop()
	_, _ = io.CopyN(io.Discard, response.Body, maxBody)
	return a
}

// judge returns the result for the status of a response. A redirect counts as rejected,
// because it leads to a URL that the owner of the webhook did not set.
func judge(status int) result {
	switch {
	case status >= 200 && status < 300:
		return resultDelivered
	case status == http.StatusGone:
		return resultGone
	}
	return resultRejected
}

// failed returns the result of an attempt that got no response.
func failed(ctx context.Context, err error) attempted {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	a := attempted{result: resultBroken, err: err}
	var netErr net.Error
	op, isOp := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, errForbidden):
		a.result = resultForbidden
	case errors.Is(ctx.Err(), context.Canceled):
		a.result = resultStopped
	case isOp && op.Op == "dial", isDNS(err), isTLS(err):
		a.result = resultUnreachable
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		a.result = resultTimeout
	}
	return a
}

// outcome returns what to report to the outbox about an attempt.
func (s *Sender) outcome(due ports.DueDelivery, a attempted) ports.Outcome {
	o := ports.Outcome{Delivery: due.ID, Webhook: due.Webhook, Claim: due.Claim, URL: due.URL, Status: a.status}
	switch a.result {
	case resultDelivered:
		o.Kind = ports.OutcomeDelivered
	case resultGone:
		o.Kind = ports.OutcomeGone
	case resultStopped:
		// The receiver may have received the delivery, so it is not sent again at once.
		o.Kind, o.RetryAfter = ports.OutcomeReturned, delays[0]
	case resultUnopened:
		o.Kind, o.RetryAfter = ports.OutcomeReturned, unopenedDelay
	default:
		o.Kind = ports.OutcomeFailed
		if delay, more := nextAttempt(due.Attempts+1, a.asked, s.random); more {
			o.Kind, o.RetryAfter = ports.OutcomeRetry, delay
		}
	}
	return o
}
