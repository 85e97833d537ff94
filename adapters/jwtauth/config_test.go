package jwtauth_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
)

func TestNew_RefusesAnUnusableConfiguration(t *testing.T) {
	t.Parallel()
	file := keyFile(t, trustedSet())
	cases := map[string]struct {
		config jwtauth.Config
		faults []string
	}{
		"nothing":             {jwtauth.Config{}, []string{"issuer is missing", "audience is missing", "one of JWKS URL and JWKS file"}},
		"two sources":         {config(fromFile(file), fromURL("https://issuer.example/")), []string{"one of JWKS URL and JWKS file"}},
		"negative intervals":  {config(fromFile(file), func(c *jwtauth.Config) { c.LookupInterval = -time.Second }), []string{"intervals"}},
		"one claim for two":   {config(fromFile(file), func(c *jwtauth.Config) { c.Claims.Portal = "sub" }), []string{"two claims have one name"}},
		"an unknown portal":   {config(fromFile(file), func(c *jwtauth.Config) { c.DefaultPortal = "partner" }), []string{"default portal"}},
		"http on a network":   {config(fromURL("http://issuer.example/jwks")), []string{"must be https"}},
		"http to a lookalike": {config(fromURL("http://127.0.0.1.example/")), []string{"must be https"}},
		"another scheme":      {config(fromURL("ftp://127.0.0.1/")), []string{"must be https"}},
		"a path":              {config(fromURL("/etc/jwks.json")), []string{"malformed"}},
		"no URL":              {config(fromURL("https://%zz/")), []string{"malformed"}},
		"a password":          {config(fromURL("https://me:hunter2@issuer.example/")), []string{"must not hold a password"}},
		"no such file":        {config(fromFile(file + ".gone")), []string{"no such file"}},
		"a directory":         {config(fromFile(t.TempDir())), []string{"not a regular file"}},
		"a file of no keys":   {config(fromFile(keyFile(t, keySet()))), []string{"no usable key"}},
		"a file of garbage":   {config(fromFile(keyFile(t, []byte("garbage")))), []string{"not a JSON object"}},
		"a huge file":         {config(fromFile(keyFile(t, make([]byte, 1<<20+1)))), []string{"longer than 1 MiB"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := jwtauth.New(t.Context(), c.config)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, fault := range c.faults {
				if !strings.Contains(err.Error(), fault) {
					t.Errorf("%q is not among the faults:\n%v", fault, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestNew_TakesKeysFromLoopbackByHTTP(t *testing.T) {
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

func TestNew_TakesKeysByHTTPSWithTheClientGiven(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(trustedSet())
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	a := start(t, config(fromURL(server.URL), func(c *jwtauth.Config) { c.HTTPClient = client }))
	wantAccepted(t, a, edKey().token(claims()))
	if client.CheckRedirect != nil {
		t.Error("the client given was changed")
	}
	stranger := start(t, config(fromURL(server.URL))) // does not know the server's certificate
	wantUnavailable(t, stranger, edKey().token(claims()))
}

func TestNew_NeedsOnlyToReadTheFile(t *testing.T) {
	t.Parallel()
	path := keyFile(t, trustedSet())
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	wantAccepted(t, start(t, config(fromFile(path))), edKey().token(claims()))
}
