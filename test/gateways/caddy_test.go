package gateways

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/slaunchx/apikeys/test/servers"
)

var caddy = gateway{
	start: startCaddy,
	behind: []string{
		"# trusted_proxies 10.0.0.0/8", "trusted_proxies 127.0.0.0/8",
		"# header_up X-Internal-Token", "header_up X-Internal-Token",
	},
	withoutScope:     []string{"?scope=payment:read\n", "?scope=\n"},
	keepsConnections: true,
}

func TestCaddy(t *testing.T) {
	t.Parallel()
	run(t, caddy)
}

func TestCaddy_DoesNotBlameTheServiceForTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, caddy)
	w.api.stop()
	for _, r := range []request{get("/payments/1", "X-Api-Key: "+w.reader), get("/status")} {
		if a := w.do(t, r); a.status != http.StatusBadGateway || a.body != "" {
			t.Errorf("%s: status %d, body %q, want 502", r.target, a.status, a.body)
		}
	}
}

func startCaddy(t *testing.T, p place, changes ...string) *servers.Process {
	t.Helper()
	_, port, err := net.SplitHostPort(p.listen)
	if err != nil {
		t.Fatal(err)
	}
	config := write(t, filepath.Join(p.dir, "Caddyfile"), substitute(t, "caddy/Caddyfile", append(changes,
		":80 {", ":"+port+" {\n\tbind 127.0.0.1",
		"admin localhost:2019", "admin off",
		"127.0.0.1:8081", p.service,
		"127.0.0.1:9000", p.backend,
		"/var/log/caddy/", p.dir+"/",
	)...))
	cmd := servers.Command(t, "caddy", "run", "--config", config, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir,
		"APIKEYS_INTERNAL_TOKEN="+internalToken)
	return servers.Start(t, cmd, p.listen)
}
