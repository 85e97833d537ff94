package jwtauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/domain"
)

func wantAccepted(t testing.TB, a *jwtauth.Authenticator, token string) domain.Actor {
	t.Helper()
	actor, err := a.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatalf("rejected: %v", err)
	}
	return actor
}

// wantRejected also checks that the error quotes no longer part of the token.
func wantRejected(t testing.TB, a *jwtauth.Authenticator, token string) {
	t.Helper()
	actor, err := a.Authenticate(t.Context(), token)
	if err == nil {
		t.Errorf("accepted as %+v", actor)
		return
	}
	if !errors.Is(err, domain.ErrInvalidToken) || errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("error is %v, want an invalid token", err)
	}
	if actor.AccountID != "" || actor.Portal != "" || actor.Roles != nil || actor.ClientHash != "" {
		t.Errorf("an actor comes with the error: %+v", actor)
	}
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 8 && strings.Contains(err.Error(), part[:8]) {
			t.Errorf("the error quotes the token: %v", err)
		}
	}
}

func wantUnavailable(t testing.TB, a *jwtauth.Authenticator, token string) {
	t.Helper()
	_, err := a.Authenticate(t.Context(), token)
	if !errors.Is(err, domain.ErrUnavailable) || errors.Is(err, domain.ErrInvalidToken) {
		t.Errorf("error is %v, want unavailable", err)
	}
}
