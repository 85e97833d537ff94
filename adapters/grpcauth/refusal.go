package grpcauth

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

var errUnlisted = errors.New("the method has no rule")

// refusal is the error of a call that is not let through. The client sees only
// its status.
type refusal struct{ cause error }

// Error implements error.
func (r *refusal) Error() string { return r.cause.Error() }

// Unwrap returns the cause.
func (r *refusal) Unwrap() error { return r.cause }

// GRPCStatus returns the status with which the call ends.
func (r *refusal) GRPCStatus() *status.Status {
	for _, rule := range statuses {
		if errors.Is(r.cause, rule.cause) {
			return status.New(rule.code, rule.message)
		}
	}
	return status.New(codes.Internal, "permission check failed")
}

// The statuses by cause; the first match counts. Causes of the same kind share a
// message, as they share a response over HTTP.
var statuses = []struct {
	cause   error
	code    codes.Code
	message string
}{
	{keycheck.ErrNoKey, codes.Unauthenticated, invalidKey},
	{keycheck.ErrKeyTwice, codes.Unauthenticated, invalidKey},
	{keycheck.ErrTokenMissing, codes.Unauthenticated, invalidKey},
	{keycheck.ErrInvalidKey, codes.Unauthenticated, invalidKey},
	{keycheck.ErrScopeMissing, codes.PermissionDenied, "API key lacks a required scope"},
	{keycheck.ErrAddressRefused, codes.PermissionDenied, "Address not allowed for this API key"},
	{keycheck.ErrRateLimited, codes.ResourceExhausted, "API key has reached a rate limit"},
	{keycheck.ErrQuotaExceeded, codes.ResourceExhausted, "API key has used up its quota"},
	{errUnlisted, codes.PermissionDenied, "Method not available to API keys"},
	{domain.ErrUnavailable, codes.Unavailable, "Service temporarily unavailable"},
	{context.Canceled, codes.Canceled, "Call cancelled"},
	{context.DeadlineExceeded, codes.DeadlineExceeded, "Deadline exceeded"},
}

const invalidKey = "Invalid API key"
