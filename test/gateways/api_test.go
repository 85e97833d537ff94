package gateways

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// idHeader contains the test's identifier of a request.
const idHeader = "X-Request-Id"

// api is an API that records the requests that it gets.
type api struct {
	addr string // host:port
	stop func()

	mu   sync.Mutex
	seen map[string]received // by identifier
}

// received is a request as it reached the API.
type received struct {
	method, target, host, body string
	header                     http.Header
}

func startAPI(t *testing.T) *api {
	t.Helper()
	a := &api{seen: map[string]received{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.addr, a.stop = server.Listener.Addr().String(), server.Close
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[r.Header.Get(idHeader)] = received{method: r.Method, target: r.RequestURI, host: r.Host, body: string(body), header: r.Header.Clone()}
	w.Header().Set("X-Api", "reached")
	w.WriteHeader(http.StatusOK)
}

// received returns the request with the given identifier, and whether the API
// got it.
func (a *api) received(id string) (received, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.seen[id]
	return r, ok
}
