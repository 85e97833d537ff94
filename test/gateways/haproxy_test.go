package gateways

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/test/servers"
)

var haproxy = gateway{
	start: startHAProxy,
	behind: []string{
		"# http-request set-src", "http-request set-src",
		"src 10.0.0.0/8", "src 127.0.0.0/8",
		"# set-var proc.apikeys_token str(...)", "set-var proc.apikeys_token str(" + internalToken + ")",
	},
	withoutScope: []string{`str("payment:read") if`, `str("") if`},
}

func TestHAProxy(t *testing.T) {
	t.Parallel()
	run(t, haproxy)
}

func TestHAProxy_DeniesWhenScriptFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, haproxy, "set-var proc.apikeys str", "set-var proc.unknown str")
	a := w.once(t, get("/payments/1", "X-Api-Key: "+w.reader))
	w.mustNotPass(t, a)
	if a.status != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", a.status)
	}
	if log := w.logged(t); !strings.Contains(log, "runtime error") {
		t.Errorf("the script did not fail:\n%s", log)
	}
}

func startHAProxy(t *testing.T, p place, changes ...string) *servers.Process {
	t.Helper()
	script := write(t, filepath.Join(p.dir, "apikeys.lua"), substitute(t, "haproxy/apikeys.lua"))
	config := write(t, filepath.Join(p.dir, "haproxy.cfg"), substitute(t, "haproxy/haproxy.cfg", append(changes,
		"\tuser haproxy\n\tgroup haproxy\n", "",
		"log /dev/log local0", "log stdout format raw local0",
		"bind :80", "bind "+p.listen,
		"127.0.0.1:8081", p.service,
		"127.0.0.1:9000", p.backend,
		"/etc/haproxy/apikeys.lua", script,
	)...))
	return servers.Start(t, servers.Command(t, "haproxy", "-db", "-f", config), p.listen)
}
