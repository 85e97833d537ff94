package gateways

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/slaunchx/apikeys/test/servers"
)

func TestCaddy(t *testing.T) {
	t.Parallel()
	run(t, gateway{
		start: startCaddy,
		behind: []string{
			"# trusted_proxies 10.0.0.0/8", "trusted_proxies 127.0.0.0/8",
			"# header_up X-Internal-Token", "header_up X-Internal-Token",
		},
		withoutScope:   []string{"?scope=payment:read\n", "?scope=\n"},
		withoutService: http.StatusBadGateway,
	})
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
