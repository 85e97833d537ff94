package jwtauth_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
)

func TestNew_RejectsAnInvalidConfiguration(t *testing.T) {
	t.Parallel()
	file := keyFile(t, trustedSet())
	cases := map[string]struct {
		config jwtauth.Config
		errs   []string
	}{
		"nothing":             {jwtauth.Config{}, []string{"issuer is missing", "audience is missing", "one of JWKS URL and JWKS file"}},
		"two sources":         {config(fromFile(file), fromURL("https://issuer.example/")), []string{"one of JWKS URL and JWKS file"}},
		"negative intervals":  {config(fromFile(file), func(c *jwtauth.Config) { c.LookupInterval = -time.Second }), []string{"intervals"}},
		"two equal names":     {config(fromFile(file), func(c *jwtauth.Config) { c.Claims.Portal = "sub" }), []string{"two claims have the same name"}},
		"an unknown portal":   {config(fromFile(file), func(c *jwtauth.Config) { c.DefaultPortal = "partner" }), []string{"default portal"}},
		"http on a network":   {config(fromURL("http://issuer.example/jwks")), []string{"must be https"}},
		"ftp with AllowHTTP":  {config(fromURL("ftp://issuer.example/"), allowHTTP), []string{"must be https or http"}},
		"http to a lookalike": {config(fromURL("http://127.0.0.1.example/")), []string{"must be https"}},
		"another scheme":      {config(fromURL("ftp://127.0.0.1/")), []string{"must be https"}},
		"a path":              {config(fromURL("/etc/jwks.json")), []string{"malformed"}},
		"a malformed URL":     {config(fromURL("https://%zz/")), []string{"malformed"}},
		"a password":          {config(fromURL("https://me:hunter2@issuer.example/")), []string{"must not contain a password"}},
		"no such file":        {config(fromFile(file + ".gone")), []string{"no such file"}},
		"a directory":         {config(fromFile(t.TempDir())), []string{"not a regular file"}},
		"a file without keys": {config(fromFile(keyFile(t, keySet()))), []string{"no usable key"}},
		"a file of garbage":   {config(fromFile(keyFile(t, []byte("garbage")))), []string{"not a JSON object"}},
		"a huge file":         {config(fromFile(keyFile(t, make([]byte, 1<<20+1)))), []string{"longer than 1024 KiB"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := jwtauth.New(t.Context(), c.config)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.errs {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestNew_FetchesKeysFromLoopbackByHTTP(t *testing.T) {
	t.Parallel()
	server := serveKeys(t, trustedSet())
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			a := start(t, config(fromURL("http://"+host+":"+port)))
			wantAccepted(t, a, edKey().token(claims()))
		})
	}
}

func allowHTTP(c *jwtauth.Config) { c.AllowHTTP = true }

func TestNew_FetchesKeysByHTTPFromAnyHostIfAllowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &logBook{}
		a := start(t, config(by(script(trustedSet())), fromURL("http://issuer.internal:8080/jwks?secret=hunter2"), allowHTTP, log.config))
		wantAccepted(t, a, edKey().token(current()))
		pass(time.Hour)
		if log.Count("level=WARN") != 1 || log.Count("plain HTTP") != 1 || log.Count("host=issuer.internal:8080") != 1 {
			t.Errorf("the log does not warn exactly once about plain HTTP:\n%s", log)
		}
		if log.Count("hunter2") != 0 {
			t.Errorf("the log shows the URL's query:\n%s", log)
		}
	})
}

func TestNew_DoesNotWarnAboutSafeSources(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]func(*jwtauth.Config){
		"https":    by(script(trustedSet())),
		"loopback": fromURL(serveKeys(t, trustedSet()).URL),
		"a file":   fromFile(keyFile(t, trustedSet())),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &logBook{}
			start(t, config(source, allowHTTP, log.config))
			if log.Count("level=WARN") != 0 {
				t.Errorf("the log warns:\n%s", log)
			}
		})
	}
}

// Allowing http for the configured URL allows no other URL.
func TestNew_FollowsNoRedirectEvenIfHTTPIsAllowed(t *testing.T) {
	t.Parallel()
	elsewhere := serveKeys(t, trustedSet())
	secure := httptest.NewTLSServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(plain.Close)
	for name, server := range map[string]*httptest.Server{"from https": secure, "from http": plain} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, config(fromURL(server.URL), allowHTTP, func(c *jwtauth.Config) { c.HTTPClient = server.Client() }))
			wantUnavailable(t, a, edKey().token(claims()))
			if err := a.Ready(t.Context()); !strings.Contains(err.Error(), "redirects are not followed") {
				t.Errorf("error is %v, want it to say that redirects are not followed", err)
			}
		})
	}
	t.Cleanup(func() {
		if elsewhere.hits.Load() != 0 {
			t.Error("a redirect was followed")
		}
	})
}

func TestNew_FetchesKeysWithTheGivenClient(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(trustedSet())
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	a := start(t, config(fromURL(server.URL), func(c *jwtauth.Config) { c.HTTPClient = client }))
	wantAccepted(t, a, edKey().token(claims()))
	if client.CheckRedirect != nil {
		t.Error("the given client was modified")
	}
	stranger := start(t, config(fromURL(server.URL))) // does not know the server's certificate
	wantUnavailable(t, stranger, edKey().token(claims()))
}

func TestNew_AcceptsAReadOnlyFile(t *testing.T) {
	t.Parallel()
	path := keyFile(t, trustedSet())
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	wantAccepted(t, start(t, config(fromFile(path))), edKey().token(claims()))
}
