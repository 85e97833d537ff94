package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/serving"
)

// operate runs a command on keys; see command.
func operate(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return command(t, dir, append([]string{"keys"}, args...)...)
}

// command runs a command on the store of a service that runs in dir, and returns its
// standard output.
func command(t *testing.T, dir string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, self(t), args...)
	command.Args[0] = "apikeys"
	command.Env = []string{
		raceAtOnce, "APIKEYS_DATABASE_URL=sqlite://" + filepath.Join(dir, "apikeys.db"),
		"APIKEYS_PEPPERS_FILE=" + filepath.Join(dir, "peppers"),
	}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}

// reason asks a running service about a secret.
func reason(t *testing.T, base, secret string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/internal/v1/api-keys/verify", strings.NewReader(`{"key":"`+secret+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	_, text := serving.Exchange(t, http.DefaultClient, r)
	var body struct{ Data struct{ Reason string } }
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return body.Data.Reason
}

// becomes waits until the service gives that reason.
func becomes(t *testing.T, base, secret, want string) {
	t.Helper()
	begun := time.Now()
	for deadline := begun.Add(patience); ; time.Sleep(5 * time.Millisecond) { //nolint:forbidigo // only the service, another process, knows
		got := reason(t, base, secret)
		if got == want {
			t.Logf("%s after %v", want, time.Since(begun))
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the service still says %s, want %s", got, want)
		}
	}
}

func TestKeys_AreSeenByARunningService(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	p := startDev(t, dir)
	base := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(p.check)
	secret := strings.TrimSpace(operate(t, dir, "create", "-w", "demo", "--name", "k", "--scope", "a:b", "--print-secret", "-q"))
	id := secret[:24]
	becomes(t, base, secret, "OK") // and is in the memory of the service now
	operate(t, dir, "disable", id, "--yes")
	becomes(t, base, secret, "DISABLED")
	operate(t, dir, "enable", id)
	becomes(t, base, secret, "OK")
	leaked := filepath.Join(t.TempDir(), "leaked.txt")
	if err := os.WriteFile(leaked, []byte("the key is "+secret+".\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	operate(t, dir, "find", "--disable", "--yes", leaked)
	becomes(t, base, secret, "DISABLED")
	operate(t, dir, "enable", id)
	becomes(t, base, secret, "OK")
	operate(t, dir, "update", id, "--no-scopes")
	becomes(t, base, secret, "INSUFFICIENT_SCOPE")
	operate(t, dir, "delete", id, "--yes")
	becomes(t, base, secret, "NOT_FOUND")
	p.stop(t)
	if lost := regexp.MustCompile(`"level":"(WARN|ERROR)".*`).FindString(p.stderr.String()); lost != "" {
		t.Errorf("the service complains: %s", lost)
	}
}

func TestColumns_CountsWhatATerminalShows(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"abc": 3, "夜間": 4, "é": 1, "": 0, "ｶﾅ": 2} {
		if got := columns(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestOnOneLine_LetsNothingMoveTheCursor(t *testing.T) {
	t.Parallel()
	if got := onOneLine("a\x1b[2Jb\nc\u202e夜"); got != "a\ufffd[2Jb\ufffdc\ufffd夜" {
		t.Errorf("%q", got)
	}
}

func TestParseWhen_ReadsTimesAndDurations(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 21, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                     {},
		"90d":                  now.AddDate(0, 0, 90),
		"12h":                  now.Add(12 * time.Hour),
		"2030-01-31T09:30:00Z": time.Date(2030, 1, 31, 9, 30, 0, 0, time.UTC),
	} {
		if got, err := parseWhen(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"0d", "-1h", "99999d", "soon", "d"} {
		if got, err := parseWhen(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
