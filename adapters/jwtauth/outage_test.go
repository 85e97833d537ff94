package jwtauth_test

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

// outages lists ways in which an issuer fails to serve keys.
func outages(t *testing.T) map[string]http.HandlerFunc {
	elsewhere := serveKeys(t, trustedSet())
	serve := func(document []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(document) }
	}
	redirect := func(url string) http.HandlerFunc {
		return http.RedirectHandler(url, http.StatusFound).ServeHTTP
	}
	t.Cleanup(func() {
		if elsewhere.hits.Load() != 0 {
			t.Error("a redirect was followed")
		}
	})
	return map[string]http.HandlerFunc{
		"responds 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"responds 404 with keys": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write(trustedSet())
		},
		"aborts":                     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"aborts within its keys":     breakOff,
		"redirects to another host":  redirect(elsewhere.URL),
		"redirects to a file":        redirect("file:///etc/passwd"),
		"redirects to itself":        redirect("/again"),
		"serves nothing":             serve(nil),
		"serves HTML":                serve([]byte("<html>sign in</html>")),
		"serves half of its keys":    serve(trustedSet()[:100]),
		"serves null":                serve([]byte("null")),
		"serves an array":            serve(marshal([]object{ecKey().public()})),
		"serves a key, not a set":    serve(marshal(ecKey().public())),
		"serves no keys":             serve(keySet()),
		"serves keys as an object":   serve(marshal(object{"keys": object{"ec": ecKey().public()}})),
		"serves only symmetric keys": serve(keySet(object{"kty": "oct", "k": "AAAA"})),
		"serves a megabyte":          serve(append(bytes.Repeat([]byte(" "), 1<<20), trustedSet()...)),
		"serves an endless body":     endless,
		"serves endless headers":     func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) },
	}
}

func breakOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100000")
	_, _ = w.Write(trustedSet())
}

func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 64<<10)); err != nil {
			return
		}
	}
}

func TestAuthenticate_KeepsItsKeysWhenTheIssuer(t *testing.T) {
	t.Parallel()
	for name, outage := range outages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serveKeys(t, keySet(ecKey().public()))
			a := start(t, config(fromURL(server.URL)))
			server.handle(outage)
			wantRejected(t, a, edKey().token(claims()))
			if server.hits.Load() != 2 {
				t.Fatal("the keys were not requested")
			}
			wantAccepted(t, a, ecKey().token(claims()))
			if err := a.Ready(t.Context()); err != nil {
				t.Errorf("not ready: %v", err)
			}
		})
	}
}

func TestAuthenticate_IsUnavailableWithoutKeysWhenTheIssuer(t *testing.T) {
	t.Parallel()
	for name, outage := range outages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serveKeys(t, nil)
			server.handle(outage)
			a := start(t, config(fromURL(server.URL+"/?secret=hunter2")))
			wantUnavailable(t, a, ecKey().token(claims()))
			wantRejected(t, a, "garbage")
			err := a.Ready(t.Context())
			if !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("Ready gives %v, want unavailable", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the URL's query: %v", err)
			}
		})
	}
}

func TestAuthenticate_IsUnavailableWhenNobodyListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	a := start(t, config(fromURL("http://"+listener.Addr().String())))
	wantUnavailable(t, a, ecKey().token(claims()))
	if err := a.Ready(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Ready gives %v, want unavailable", err)
	}
}
