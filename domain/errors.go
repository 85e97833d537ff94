package domain

import "errors"

// The errors that cross the rooms of the service. Adapters translate what
// their drivers say into one of these, once; anything else is an internal
// error to whoever receives it.
var (
	// ErrInvalidToken says that the caller has not proven who they are.
	ErrInvalidToken = errors.New("invalid or expired token")
	// ErrNotOwner says that the actor is not an OWNER of the workspace. It
	// is the same whether or not the workspace, or the key, exists.
	ErrNotOwner = errors.New("only workspace owner can manage API keys")
	// ErrTestKeyPortal says that a TEST key was asked for outside the PARTNER portal.
	ErrTestKeyPortal = errors.New("only PARTNER portal can create TEST keys")
	// ErrKeyNotFound says that no living key has that identifier in that workspace.
	ErrKeyNotFound = errors.New("API key not found")
	// ErrKeyExists says that a key with that identifier is already stored.
	ErrKeyExists = errors.New("API key already exists")
	// ErrConflict says that the state of a key does not allow what was asked.
	ErrConflict = errors.New("request conflicts with the state of the API key")
	// ErrChanged says that a key is no longer as the caller has seen it.
	ErrChanged = errors.New("API key was changed by someone else")
	// ErrTooManyKeys says that the workspace has as many living keys as it may.
	ErrTooManyKeys = errors.New("workspace has reached its number of API keys")
	// ErrOnceReused says that an idempotency key was used before, with a
	// different request.
	ErrOnceReused = errors.New("idempotency key was used with a different request")
	// ErrOnceRunning says that a request with the same idempotency key is
	// under way.
	ErrOnceRunning = errors.New("a request with the same idempotency key is under way")
	// ErrUnavailable says that something the service stands on cannot be
	// reached now; the same request may succeed later.
	ErrUnavailable = errors.New("temporarily unavailable")
)
