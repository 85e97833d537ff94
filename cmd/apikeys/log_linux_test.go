package main

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/slaunchx/apikeys/config"
)

// openTerminal returns both ends of a new terminal: data written to the second
// can be read from the first.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return screen, terminal
}

const (
	asText = "time="
	asJSON = `{"time":`
)

func TestLogHandler_WritesTextOnATerminal(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		format                string
		onTerminal, elsewhere string
	}{
		"unless a format is set": {"", asText, asJSON},
		"text if it is set":      {"text", asText, asText},
		"JSON if it is set":      {"json", asJSON, asJSON},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config.Config{LogFormat: tc.format, LogLevel: "info"}
			screen, terminal := openTerminal(t)
			slog.New(logHandler(cfg, terminal)).Info("a line")
			if line, err := bufio.NewReader(screen).ReadString('\n'); err != nil || !strings.HasPrefix(line, tc.onTerminal) {
				t.Errorf("on a terminal: %q, %v, want %s…", line, err, tc.onTerminal)
			}
			var buffer bytes.Buffer
			slog.New(logHandler(cfg, &buffer)).Info("a line")
			file, err := os.Create(filepath.Join(t.TempDir(), "log"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			slog.New(logHandler(cfg, file)).Info("a line")
			inFile, err := os.ReadFile(file.Name())
			if err != nil {
				t.Fatal(err)
			}
			for where, line := range map[string]string{"in memory": buffer.String(), "in a file": string(inFile)} {
				if !strings.HasPrefix(line, tc.elsewhere) {
					t.Errorf("%s: %q, want %s…", where, line, tc.elsewhere)
				}
			}
		})
	}
}

// serveOn runs a configured service that logs to stderr, until its first line has
// been read from out.
func serveOn(t *testing.T, stderr, out *os.File, environ ...string) string {
	t.Helper()
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys.json")
	const keySet = `{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	if err := os.WriteFile(keys, []byte(keySet), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := exec.CommandContext(t.Context(), self(t), "serve")
	serve.Args[0] = "apikeys"
	serve.Stderr = stderr
	serve.Env = append([]string{
		raceAtOnce, "APIKEYS_ADDR=127.0.0.1:0", "APIKEYS_INTERNAL_ADDR=127.0.0.1:0", "APIKEYS_DATABASE_URL=memory://",
		"APIKEYS_PEPPERS=p1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "APIKEYS_JWKS_FILE=" + keys,
		"APIKEYS_JWT_ISSUER=https://issuer.example", "APIKEYS_JWT_AUDIENCE=apikeys",
	}, environ...)
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Error(err)
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := serve.Wait(); err != nil {
		t.Error(err)
	}
	return line
}

func TestServe_LogsForPeopleOnATerminal(t *testing.T) {
	t.Parallel()
	screen, terminal := openTerminal(t)
	if line := serveOn(t, terminal, screen); !strings.HasPrefix(line, asText) {
		t.Errorf("on a terminal it logs %q", line)
	}
	screen, terminal = openTerminal(t)
	if line := serveOn(t, terminal, screen, "APIKEYS_LOG_FORMAT=json"); !strings.HasPrefix(line, asJSON) {
		t.Errorf("with APIKEYS_LOG_FORMAT=json it logs %q", line)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if line := serveOn(t, write, read); !strings.HasPrefix(line, asJSON) {
		t.Errorf("to a pipe it logs %q", line)
	}
}
