package apikeys_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/serving"
)

// cookieSessions are the actors of a program that uses session cookies.
type cookieSessions map[string]domain.Actor

func (s cookieSessions) AuthenticateRequest(r *http.Request) (domain.Actor, error) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return domain.Actor{}, fmt.Errorf("%w: no session", domain.ErrInvalidToken)
	}
	if cookie.Value == "down" {
		return domain.Actor{}, fmt.Errorf("%w: no session store", domain.ErrUnavailable)
	}
	actor, ok := s[cookie.Value]
	if !ok {
		return domain.Actor{}, fmt.Errorf("%w: unknown session", domain.ErrInvalidToken)
	}
	if body, err := io.ReadAll(r.Body); err != nil || len(body) > 0 {
		return domain.Actor{}, errors.New("it is given a body to read")
	}
	return actor, nil
}

func TestWithRequestAuthenticator(t *testing.T) {
	t.Parallel()
	actor, _ := serving.Owner{}.Authenticate(context.Background(), "")
	bound := actor
	bound.ClientHash = "device-1"
	cfg := serving.Config()
	service, err := apikeys.New(t.Context(), cfg, apikeys.WithLogger(slog.New(slog.DiscardHandler)),
		apikeys.WithRequestAuthenticator(cookieSessions{"s1": actor, "s2": bound}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	for name, tc := range map[string]struct {
		header    http.Header
		status    int
		challenge string
	}{
		"a session":                        {http.Header{"Cookie": {"session=s1"}}, http.StatusCreated, ""},
		"a session of this device":         {http.Header{"Cookie": {"session=s2"}, "X-Client-Hash": {"device-1"}}, http.StatusCreated, ""},
		"a session of another device":      {http.Header{"Cookie": {"session=s2"}}, http.StatusUnauthorized, `Bearer error="invalid_token", error_description="The token is bound to another client"`},
		"no session":                       {http.Header{}, http.StatusUnauthorized, "Bearer"},
		"an unknown session":               {http.Header{"Cookie": {"session=s3"}}, http.StatusUnauthorized, "Bearer"},
		"a bearer token instead":           {http.Header{"Authorization": {"Bearer x"}}, http.StatusUnauthorized, `Bearer error="invalid_token", error_description="The token is invalid or expired"`},
		"credentials that were sent twice": {http.Header{"Cookie": {"session=s1"}, "Authorization": {"a", "b"}}, http.StatusUnauthorized, `Bearer error="invalid_request", error_description="Authorization was sent more than once"`},
		"a session store that is down":     {http.Header{"Cookie": {"session=down"}}, http.StatusServiceUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/web/v1/workspaces/ws_1/api-keys", strings.NewReader(`{"name":"k"}`))
			r.Header = http.Header{"Content-Type": {"application/json"}, "X-Client-Hash": {"d"}, "X-Workspace-Id": {"ws_1"}}
			for name, values := range tc.header {
				r.Header[name] = values
			}
			w := httptest.NewRecorder()
			service.Handler().ServeHTTP(w, r)
			if w.Code != tc.status || w.Header().Get("WWW-Authenticate") != tc.challenge {
				t.Errorf("answer = %d %s with the challenge %q, want %d with %q", w.Code, w.Body, w.Header().Get("WWW-Authenticate"), tc.status, tc.challenge)
			}
		})
	}
	if err := service.Ready(t.Context()); err != nil {
		t.Errorf("Ready() = %v", err)
	}
}

// There can be only one authenticator.
func TestNew_RefusesTwoAuthenticators(t *testing.T) {
	t.Parallel()
	_, err := apikeys.New(t.Context(), serving.Config(), apikeys.WithAuthenticator(serving.Owner{}), apikeys.WithRequestAuthenticator(cookieSessions{}))
	if err == nil || !strings.Contains(err.Error(), "WithAuthenticator and WithRequestAuthenticator") {
		t.Errorf("New() = %v, want an error that names both options", err)
	}
}

// An embedder's users sign in with a session cookie, and manage their keys
// without a bearer token.
func ExampleWithRequestAuthenticator() {
	cfg := serving.Config()
	signedIn := cookieSessions{"c00k1e": {
		AccountID: "alice",
		Portal:    domain.PortalPartner,
		Roles:     map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner},
	}}
	service, err := apikeys.New(context.Background(), cfg,
		apikeys.WithRequestAuthenticator(signedIn), apikeys.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer service.Close()

	for _, cookie := range []string{"session=c00k1e", "session=stale"} {
		r := httptest.NewRequest(http.MethodGet, "/web/v1/workspaces/ws_1/api-keys", http.NoBody)
		r.Header.Set("Cookie", cookie)
		r.Header.Set("X-Client-Hash", "device-1")
		r.Header.Set("X-Workspace-Id", "ws_1")
		w := httptest.NewRecorder()
		service.Handler().ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// 401
}
