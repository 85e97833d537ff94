package jwtauth_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestAuthenticate_FollowsRotatedKeys(t *testing.T) {
	t.Parallel()
	server := serveKeys(t, keySet(ecKey().public()))
	a := start(t, config(fromURL(server.URL)))
	wantAccepted(t, a, ecKey().token(claims()))

	server.serve(keySet(edKey().public()))
	wantAccepted(t, a, ecKey().token(claims())) // nothing has caused a look-up yet
	wantAccepted(t, a, edKey().token(claims()))
	wantRejected(t, a, ecKey().token(claims()))
	wantFetches(t, server, 2)
}

func TestAuthenticate_LooksUpUnknownKeysOncePerMinute(t *testing.T) {
	t.Parallel()
	clock := &clock{at: now}
	server := serveKeys(t, keySet(ecKey().public()))
	a := start(t, config(fromURL(server.URL), onClock(clock)))
	for range 10 {
		wantRejected(t, a, strangerKey().token(claims()))
	}
	server.serve(keySet(edKey().public()))
	clock.advance(59 * time.Second)
	wantRejected(t, a, edKey().token(claims()))
	wantFetches(t, server, 2)
	clock.advance(time.Second)
	wantAccepted(t, a, edKey().token(claims()))
	wantFetches(t, server, 3)
}

func TestAuthenticate_LooksUpUnknownKeysAfterTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	clock := &clock{at: now.Add(2 * time.Hour)}
	server := serveKeys(t, keySet(ecKey().public()))
	a := start(t, config(fromURL(server.URL), onClock(clock)))
	wantRejected(t, a, strangerKey().token(claims(object{"exp": now.Add(24 * time.Hour).Unix()})))
	wantFetches(t, server, 2)
	server.serve(keySet(edKey().public()))
	clock.advance(-2 * time.Hour)
	wantAccepted(t, a, edKey().token(claims()))
}

func TestAuthenticate_NeedsNoLookUpToReject(t *testing.T) {
	t.Parallel()
	server := serveKeys(t, keySet(ecKey().public(), rsaKey().public()))
	a := start(t, config(fromURL(server.URL)))
	for name, token := range map[string]string{
		"garbage":               "a.b.c",
		"no kid":                ecKey().sign(object{"alg": "ES256"}, claims()),
		"a malformed signature": ecKey().token(claims()) + "=",
		"an expired token":      ecKey().token(claims(object{"exp": 1})),
		"too long":              ecKey().named(string(make([]byte, 9000))).token(claims()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRejected(t, a, token)
		})
	}
	t.Cleanup(func() {
		wantFetches(t, server, 1)
	})
}

func TestAuthenticate_SharesOneLookUp(t *testing.T) {
	t.Parallel()
	server := serveKeys(t, keySet(ecKey().public()))
	a := start(t, config(fromURL(server.URL)))
	requested, respond := make(chan struct{}, 20), make(chan struct{})
	server.handle(func(w http.ResponseWriter, _ *http.Request) {
		requested <- struct{}{}
		<-respond
		_, _ = w.Write(keySet(edKey().public()))
	})
	token := edKey().token(claims())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := a.Authenticate(t.Context(), token); err != nil {
				t.Errorf("rejected: %v", err)
			}
		})
	}
	<-requested
	close(respond)
	wg.Wait()
	if len(requested) != 0 {
		t.Errorf("%d more look-ups for one key", len(requested))
	}
}

// A client that disconnects or times out during a look-up has still sent a token
// that no known key has signed. That counts as a rejected token, not as an outage.
func TestAuthenticate_RejectsATokenWhoseContextEndsDuringALookUp(t *testing.T) {
	t.Parallel()
	server := serveKeys(t, keySet(ecKey().public()))
	a := start(t, config(fromURL(server.URL)))
	requested, respond := make(chan struct{}), make(chan struct{})
	server.handle(func(http.ResponseWriter, *http.Request) {
		close(requested)
		<-respond
	})
	defer close(respond)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-requested
		cancel()
	}()
	_, err := a.Authenticate(ctx, strangerKey().token(claims()))
	if !errors.Is(err, domain.ErrInvalidToken) || errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("error is %v, want an invalid token", err)
	}
	wantAccepted(t, a, ecKey().token(claims())) // others do not wait
}

func TestClose_EndsAWaitAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	server := serveKeys(t, keySet(ecKey().public()))
	clock := &clock{at: now}
	a := start(t, config(fromURL(server.URL), onClock(clock)))
	requested := make(chan struct{})
	server.handle(func(_ http.ResponseWriter, r *http.Request) {
		close(requested)
		<-r.Context().Done()
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		wantRejected(t, a, edKey().token(claims()))
	}()
	<-requested
	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	<-done
	wantAccepted(t, a, ecKey().token(claims()))
	clock.advance(time.Minute) // a look-up is due, but nothing performs it after Close
	wantRejected(t, a, edKey().token(claims()))
}
