package jwtauth_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
)

// scripted is an issuer without a network, for use in a synctest bubble. It
// serves the document set last, or fails if that is nil.
type scripted struct {
	document atomic.Pointer[[]byte]
	requests atomic.Int64
}

func script(document []byte) *scripted {
	s := &scripted{}
	s.serve(document)
	return s
}

func (s *scripted) serve(document []byte) { s.document.Store(&document) }

func (s *scripted) RoundTrip(*http.Request) (*http.Response, error) {
	s.requests.Add(1)
	document := *s.document.Load()
	if document == nil {
		return nil, errors.New("no route to host")
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(document))}, nil
}

func by(transport http.RoundTripper) func(*jwtauth.Config) {
	return func(c *jwtauth.Config) {
		c.JWKSURL = "https://issuer.example/jwks"
		c.HTTPClient = &http.Client{Transport: transport}
		c.Now = time.Now
	}
}

// current returns claims that are valid at the bubble's time.
func current() object {
	return claims(object{"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()})
}

func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock, which advances immediately
	synctest.Wait()
}

func TestBackground_RefreshesKeysEvery15Minutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		host := script(keySet(ecKey().public(), edKey().public()))
		a := start(t, config(by(host)))
		host.serve(keySet(edKey().public()))
		pass(15*time.Minute - time.Second)
		wantAccepted(t, a, ecKey().token(current()))
		pass(time.Second)
		wantRejected(t, a, ecKey().token(current()))
		wantAccepted(t, a, edKey().token(current()))
		pass(time.Hour)
		if n := host.requests.Load(); n != 7 { // start, look-up, and five times in 75 minutes
			t.Errorf("the keys were requested %d times, want 7", n)
		}
	})
}

func TestBackground_RecoversWithin10SecondsOfTheIssuer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		host := script(nil)
		a := start(t, config(by(host)))
		wantUnavailable(t, a, ecKey().token(current()))
		pass(time.Hour)
		if n := host.requests.Load(); n > 1+60*60/10 {
			t.Errorf("the keys of a host that is down were requested %d times in an hour", n)
		}
		host.serve(keySet(ecKey().public()))
		pass(10 * time.Second)
		wantAccepted(t, a, ecKey().token(current()))
		if err := a.Ready(t.Context()); err != nil {
			t.Errorf("not ready: %v", err)
		}
	})
}

func TestBackground_KeepsKeysThroughAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		host := script(keySet(ecKey().public()))
		a := start(t, config(by(host)))
		host.serve(nil)
		pass(48 * time.Hour)
		wantAccepted(t, a, ecKey().token(current()))
		host.serve(keySet(edKey().public()))
		pass(10 * time.Second)
		wantAccepted(t, a, edKey().token(current()))
		wantRejected(t, a, ecKey().token(current()))
	})
}

// hanging is an issuer that never responds.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestNew_WaitsFiveSecondsForAHangingIssuer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a := start(t, config(by(hanging{})))
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("New took %v, want 5s", took)
		}
		wantUnavailable(t, a, ecKey().token(current()))
	})
}

func TestBackground_ReadsAFileAgainEveryMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := keyFile(t, keySet(ecKey().public()))
		a := start(t, config(fromFile(path), func(c *jwtauth.Config) { c.Now = time.Now }))
		write := func(document []byte) {
			t.Helper()
			if err := os.WriteFile(path, document, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write([]byte("half a fi"))
		pass(time.Minute)
		wantAccepted(t, a, ecKey().token(current()))
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		wantAccepted(t, a, ecKey().token(current()))
		write(keySet(edKey().public()))
		pass(time.Minute)
		wantAccepted(t, a, edKey().token(current()))
		wantRejected(t, a, ecKey().token(current()))
	})
}

func TestAuthenticate_ReadsAChangedFileForAnUnknownKey(t *testing.T) {
	t.Parallel()
	path := keyFile(t, keySet(ecKey().public()))
	a := start(t, config(fromFile(path)))
	if err := os.WriteFile(path, keySet(edKey().public()), 0o600); err != nil {
		t.Fatal(err)
	}
	wantAccepted(t, a, edKey().token(claims()))
	wantRejected(t, a, ecKey().token(claims()))
}
