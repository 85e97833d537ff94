package domain

import "errors"

// The errors that packages of the service return to each other. Adapters convert
// errors of their drivers to these; any other error is an internal error.
var (
	// ErrInvalidToken means that the caller is not authenticated.
	ErrInvalidToken = errors.New("invalid or expired token")
	// ErrNotOwner means that the actor is not an OWNER of the workspace. It is
	// the same whether or not the workspace or the key exists.
	ErrNotOwner = errors.New("only workspace owner can manage API keys")
	// ErrTestKeyPortal means that a TEST key was requested outside the PARTNER
	// portal.
	ErrTestKeyPortal = errors.New("only PARTNER portal can create TEST keys")
	// ErrKeyNotFound means that no living key has the given ID in the workspace.
	ErrKeyNotFound = errors.New("API key not found")
	// ErrKeyExists means that a key with the same ID is already stored.
	ErrKeyExists = errors.New("API key already exists")
	// ErrConflict means that the state of the key does not allow the operation.
	ErrConflict = errors.New("request conflicts with the state of the API key")
	// ErrChanged means that the key has changed since the caller read it.
	ErrChanged = errors.New("API key was changed by someone else")
	// ErrTooManyKeys means that the workspace has as many living keys as it may have.
	ErrTooManyKeys = errors.New("workspace has reached its number of API keys")
	// ErrWebhookNotFound means that the workspace has no webhook with the given ID, or
	// the webhook has no delivery with the given ID.
	ErrWebhookNotFound = errors.New("webhook not found")
	// ErrTooManyWebhooks means that the workspace has as many webhooks as it may have.
	ErrTooManyWebhooks = errors.New("workspace has reached its number of webhooks")
	// ErrNoWebhooks means that the service cannot sign deliveries, or its store cannot
	// keep them.
	ErrNoWebhooks = errors.New("webhooks are not set up on this service")
	// ErrIdempotencyKeyReused means that the idempotency key was used with a different
	// request.
	ErrIdempotencyKeyReused = errors.New("idempotency key was used with a different request")
	// ErrIdempotencyKeyInUse means that a request with the same idempotency key is in
	// flight.
	ErrIdempotencyKeyInUse = errors.New("a request with the same idempotency key is in flight")
	// ErrInvalidSignature means that the report of a secret scanner does not have a
	// valid signature of that scanner.
	ErrInvalidSignature = errors.New("signature of the report is not valid")
	// ErrUnavailable means that something the service depends on, such as its
	// store, cannot be reached now. The same request may succeed later.
	ErrUnavailable = errors.New("temporarily unavailable")
	// ErrPanicked means that a call panicked in its own goroutine, which is a bug in the
	// program. The error that wraps it contains the stack of the panic, but not its
	// value.
	ErrPanicked = errors.New("panicked")
)
