package gateways

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/servers"
	"github.com/slaunchx/apikeys/test/serving"
)

// gateway is a proxy with its provided configuration.
type gateway struct {
	// start starts the proxy. The changes are further arguments of substitute.
	start func(t *testing.T, place place, changes ...string) *servers.Process
	// behind are the changes for a gateway behind a proxy at a loopback
	// address, with a service that requires an internal token.
	behind []string
	// withoutScope are the changes that remove the scope of the route
	// /payments/.
	withoutScope []string
	// keepsConnections is false for a gateway that opens a connection to the
	// service for each check.
	keepsConnections bool
}

// place contains the directory and addresses of a gateway.
type place struct {
	dir              string // an empty directory, for its files
	listen           string // host:port
	service, backend string // host:port
}

// substitute returns the file at path in deploy with changes, pairs of a text
// and its replacement. A text that is not in the file fails the test.
func substitute(t *testing.T, path string, changes ...string) string {
	t.Helper()
	shipped, err := os.ReadFile(filepath.Join("..", "..", "deploy", path))
	if err != nil {
		t.Fatal(err)
	}
	text := string(shipped)
	for pair := range slices.Chunk(changes, 2) {
		if !strings.Contains(text, pair[0]) {
			t.Fatalf("%s lacks %q", path, pair[0])
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// world is a service, an API, and a gateway in front of it.
type world struct {
	config  config.Config // of the service
	service *serving.Service
	api     *api
	gateway *servers.Process
	place   place
	client  net.IP // the address that requests come from
	// Secrets of keys: with payment:read; in mode TEST, with both scopes; with as many
	// and as long scopes as possible; and with payment:read from only one address: one
	// that nobody here has, the client's, and the gateway's.
	reader, writer, broad, elsewhere, here, inside string
}

// internalToken is the token that a gateway behind a proxy sends to its
// service.
const internalToken = "0123456789abcdef0123456789abcdef"

// newWorld starts a world of a gateway with changes.
func newWorld(t *testing.T, g gateway, changes ...string) *world {
	t.Helper()
	return startWorld(t, g, func(*config.Config) {}, direct, changes)
}

// newWorldBehind starts a world whose gateway is behind a proxy at the address
// of the client, and whose service requires an internal token.
func newWorldBehind(t *testing.T, g gateway) *world {
	t.Helper()
	return startWorld(t, g, func(cfg *config.Config) {
		cfg.InternalToken, cfg.TrustedProxies = internalToken, []string{"127.0.0.0/8"}
	}, direct, g.behind)
}

// direct is the path to a service that the gateway connects to itself.
func direct(service string) string { return service }

// startWorld starts a world whose gateway reaches the service at the address that
// path returns for that of the service.
func startWorld(t *testing.T, g gateway, configure func(*config.Config), path func(service string) string, changes []string) *world {
	t.Helper()
	cfg := serving.Config()
	cfg.Addr, cfg.InternalAddr = servers.FreeAddr(t), servers.FreeAddr(t)
	cfg.DatabaseURL = config.Secret("sqlite://" + filepath.Join(t.TempDir(), "apikeys.db"))
	cfg.TrustedProxies = []string{"127.0.0.1/32"}
	configure(&cfg)
	w := &world{config: cfg, api: startAPI(t), client: clientIP(t)}
	w.startService(t)
	w.reader = w.createKey(t, `{"name":"reader","scopes":["payment:read"]}`)
	w.writer = w.createKey(t, `{"name":"writer","scopes":["payment:read","payment:write"],"mode":2}`)
	w.broad = w.createKey(t, fmt.Sprintf(`{"name":"broad","scopes":["%s"]}`, strings.Join(broadScopes(), `","`)))
	w.elsewhere = w.createKey(t, `{"name":"elsewhere","scopes":["payment:read"],"ipWhitelist":["203.0.113.7"]}`)
	w.here = w.createKey(t, fmt.Sprintf(`{"name":"here","scopes":["payment:read"],"ipWhitelist":[%q]}`, w.client))
	w.inside = w.createKey(t, `{"name":"inside","scopes":["payment:read"],"ipWhitelist":["127.0.0.1"]}`)
	w.place = place{dir: t.TempDir(), listen: servers.FreeAddr(t), service: path(w.service.Internal), backend: w.api.addr}
	w.gateway = g.start(t, w.place, changes...)
	return w
}

// startService starts the service, again at the same addresses if it was stopped.
func (w *world) startService(t *testing.T) {
	t.Helper()
	w.service = serving.Start(t, w.config, apikeys.WithAuthenticator(serving.Owner{}))
}

// clientIP returns an address other than the gateway's, if the system has
// several loopback addresses, like Linux.
func clientIP(t *testing.T) net.IP {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.2:0")
	if err != nil {
		return net.IPv4(127, 0, 0, 1)
	}
	l.Close()
	return net.IPv4(127, 0, 0, 2)
}

// createKey returns the secret of a new key.
func (w *world) createKey(t *testing.T, body string) string {
	t.Helper()
	a := available(t, func() answer { return w.create(t, body) })
	var created struct{ Data struct{ Secret string } }
	if err := json.Unmarshal([]byte(a.body), &created); err != nil || created.Data.Secret == "" {
		t.Fatalf("creating a key: status %d, body %q, %v", a.status, a.body, err)
	}
	return created.Data.Secret
}

// create asks the service for a new key.
func (w *world) create(t *testing.T, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://"+w.service.Public+"/web/v1/workspaces/ws_1/api-keys", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Client-Hash", "device")
	req.Header.Set("X-Workspace-Id", "ws_1")
	res, text := serving.Exchange(t, http.DefaultClient, req)
	return answer{status: res.StatusCode, header: res.Header, body: text}
}

// broadScopes returns the scopes of the broad key: 100, of 128 characters each
// except for payment:read.
func broadScopes() []string {
	scopes := []string{"payment:read"}
	for i := range 99 {
		scopes = append(scopes, fmt.Sprintf("payment:%0120d", i))
	}
	return scopes
}

func (w *world) secrets() []string {
	return []string{w.reader, w.writer, w.broad, w.elsewhere, w.here, w.inside}
}

// patience bounds how long an exchange may take.
const patience = time.Minute

// logged returns everything that the gateway has logged; it stops the gateway.
func (w *world) logged(t *testing.T) string {
	t.Helper()
	w.gateway.Stop(t)
	var all bytes.Buffer
	all.WriteString(w.gateway.Output())
	logs, err := filepath.Glob(filepath.Join(w.place.dir, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
