package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// healthcheck runs the command and returns its exit code and output.
func healthcheck(ctx context.Context, args ...string) (code int, said string) {
	var out bytes.Buffer
	code = run(ctx, append([]string{"healthcheck"}, args...), &out, &out)
	return code, out.String()
}

func TestHealthcheck_AsksARunningService(t *testing.T) {
	t.Parallel()
	service := startDev(t, filepath.Join(t.TempDir(), "dev"))
	addr := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(service.check)
	if code, said := healthcheck(t.Context(), "--internal-addr", addr); code != exitOK || said != "ready\n" {
		t.Errorf("of a service that is ready: exit code %d, %s", code, said)
	}
	service.stop(t)
	if code, said := healthcheck(t.Context(), "--internal-addr", addr); code != exitFailure || !strings.Contains(said, "does not respond") {
		t.Errorf("of one that has stopped: exit code %d, %s", code, said)
	}
}

func TestHealthcheck_AcceptsOnlyA200(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusFound, http.StatusNotFound, http.StatusServiceUnavailable} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				return // where the redirect would lead
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		code, said := healthcheck(t.Context(), "--internal-addr", server.Listener.Addr().String())
		if code != exitFailure || !strings.Contains(said, "is not ready") {
			t.Errorf("%d: exit code %d, %s", status, code, said)
		}
	}
}

func TestHealthcheck_DoesNotWaitForever(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	code, said := healthcheck(t.Context(), "--internal-addr", silent.Addr().String(), "--timeout", "20ms")
	if code != exitFailure || !strings.Contains(said, "does not respond") {
		t.Errorf("exit code %d, %s", code, said)
	}
}

func TestLocalAddress_ReachesAListener(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		":8081":            "127.0.0.1:8081",
		"0.0.0.0:8081":     "127.0.0.1:8081",
		"[::]:8081":        "[::1]:8081",
		"127.0.0.1:8081":   "127.0.0.1:8081",
		"localhost:8081":   "localhost:8081",
		"[fd00::7]:8081":   "[fd00::7]:8081",
		"127.0.0.1:0":      "",
		"nonsense":         "",
		"10.0.0.7:8081:99": "",
	} {
		if got, err := localAddress(addr); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", addr, got, err, want)
		}
	}
}
