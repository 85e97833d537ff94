package gateways

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/slaunchx/apikeys/test/servers"
)

var nginx = gateway{
	start: startNginx,
	behind: []string{
		"# set_real_ip_from 10.0.0.0/8;", "set_real_ip_from 127.0.0.0/8;",
		"# real_ip_", "real_ip_",
		`# proxy_set_header X-Internal-Token "...";`, "proxy_set_header X-Internal-Token " + internalToken + ";",
	},
	withoutScope:     []string{`set $scope "payment:read";`, ""},
	keepsConnections: true,
}

func TestNginx(t *testing.T) {
	t.Parallel()
	run(t, nginx)
}

// nginx closes a connection to the service if it leaves a response body unread.
func TestNginx_KeepsConnectionsOfDeniedRequests(t *testing.T) {
	t.Parallel()
	usesOneConnection(t, nginx, http.StatusUnauthorized, withoutKey)
	usesOneConnection(t, nginx, http.StatusForbidden, fromElsewhere)
}

func startNginx(t *testing.T, p place, changes ...string) *servers.Process {
	t.Helper()
	config := write(t, filepath.Join(p.dir, "nginx.conf"), substitute(t, "nginx/nginx.conf", append(changes,
		"listen 80;", "listen "+p.listen+";",
		"server 127.0.0.1:8081;", "server "+p.service+";",
		"server 127.0.0.1:9000;", "server "+p.backend+";",
		"/var/log/nginx/", p.dir+"/",
		"http {", "http {"+temporary(p.dir),
	)...))
	cmd := servers.Command(t, "nginx", "-e", "stderr", "-c", config,
		"-g", "daemon off; user root; pid "+filepath.Join(p.dir, "pid")+";") // root enters p.dir, and nobody else does
	return servers.Start(t, cmd, p.listen)
}

// temporary returns the directives that keep temporary files in dir.
func temporary(dir string) string {
	var directives string
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		directives += kind + "_temp_path " + filepath.Join(dir, kind) + ";"
	}
	return directives
}
