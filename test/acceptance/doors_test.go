package acceptance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// door is one way to use a key: it admits a request with that header if its key
// holds the scopes.
type door struct {
	name string
	open int // the status of an admitted request
	ask  func(t *testing.T, header http.Header, scopes ...string) answer
}

// doors are all ways, which must decide alike.
func (w *world) doors() []door {
	through := func(h func(scopes ...string) http.Handler) func(*testing.T, http.Header, ...string) answer {
		return func(t *testing.T, header http.Header, scopes ...string) answer {
			t.Helper()
			server := httptest.NewServer(h(scopes...))
			defer server.Close()
			return do(t, request{method: http.MethodGet, url: server.URL, header: header})
		}
	}
	return []door{
		{"authorize", http.StatusNoContent, func(t *testing.T, header http.Header, scopes ...string) answer {
			t.Helper()
			return do(t, w.authorize("?"+url.Values{"scope": scopes}.Encode(), header))
		}},
		{"authorize by path", http.StatusNoContent, func(t *testing.T, header http.Header, scopes ...string) answer {
			t.Helper()
			return do(t, w.authorize("/for/"+strings.Join(scopes, "/"), header))
		}},
		{"echo", http.StatusTeapot, through(func(scopes ...string) http.Handler {
			e := echo.New()
			e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusTeapot) }, w.service.Require(scopes...))
			return e
		})},
		{"net/http", http.StatusTeapot, through(func(scopes ...string) http.Handler {
			return w.service.RequireHTTP(scopes...)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusTeapot)
			}))
		})},
		{"ext_authz", http.StatusNoContent, w.askEnvoys},
	}
}

// authorize returns the request of a proxy to the internal listener.
func (w *world) authorize(rest string, header http.Header) request {
	return request{method: http.MethodGet, url: w.internal + "/internal/v1/authorize" + rest, header: header}
}

// with returns the header of a request with a key.
func with(secret string) http.Header { return http.Header{"X-Api-Key": {secret}} }

// tampered is a repository whose keys a test can change without the service. It
// has no feed, so that no key is cached.
type tampered struct {
	ports.KeyRepository
	changes sync.Map // domain.KeyID to func(*domain.APIKey)
}

func (r *tampered) change(id string, f func(*domain.APIKey)) { r.changes.Store(domain.KeyID(id), f) }

// Find implements ports.KeyFinder.
func (r *tampered) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	key, err := r.KeyRepository.Find(ctx, id)
	if f, ok := r.changes.Load(id); ok && err == nil {
		f.(func(*domain.APIKey))(key)
	}
	return key, err
}

// down is an unreachable repository.
type down struct{ ports.KeyRepository }

// Find implements ports.KeyFinder.
func (down) Find(context.Context, domain.KeyID) (*domain.APIKey, error) {
	return nil, domain.ErrUnavailable
}
