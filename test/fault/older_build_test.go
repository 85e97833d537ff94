package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// olderCommit is the last commit that knows only the schema of migration 00001:
// its build names no column of 00002, keeps no count and ignores idempotency
// keys. It is the hardest build to run beside the current one.
const olderCommit = "07117ecf16c27c55d06f47e7f475d5f83c536f5d"

// olderBuild is the path of the binary of olderCommit.
type olderBuild string

// buildOlder builds the older build from the history of this repository. It is
// removed when t ends.
func buildOlder(t *testing.T) olderBuild {
	t.Helper()
	requireHistory(t)
	source, binary := t.TempDir(), filepath.Join(t.TempDir(), "apikeys")
	archive := filepath.Join(source, "source.tar")
	run(t, git("archive", "--output="+archive, olderCommit))
	run(t, exec.CommandContext(t.Context(), "tar", "-xf", archive, "-C", source))
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-w", "-o", binary, "./cmd/apikeys")
	build.Dir = source
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // like "make build", so that libraries are built only once
	run(t, build)
	return olderBuild(binary)
}

// requireHistory skips the test in a copy of the source without its history,
// which cannot build the older build.
func requireHistory(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("git is missing, which gives the source of the older build: %v", err)
	}
	if said, err := git("cat-file", "-e", olderCommit+"^{commit}").CombinedOutput(); err != nil {
		t.Skipf("commit %s is missing, which the older build is made of: have a git checkout with its whole history (%v: %s)", olderCommit, err, said)
	}
}

// git runs git at the root of the module, whoever owns it.
func git(args ...string) *exec.Cmd {
	root, err := filepath.Abs("../..")
	if err != nil {
		panic(err) // the working directory is gone
	}
	return exec.CommandContext(context.Background(), "git", append([]string{"-C", root, "-c", "safe.directory=*"}, args...)...)
}

func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, said)
	}
}

// of returns the deployment with the older build instead of the current one,
// with migrate as APIKEYS_MIGRATE.
func (older olderBuild) of(d *deployment, migrate string) *deployment {
	s := d.settings
	s.Older, s.OlderMigrates = string(older), migrate
	return &deployment{settings: s, token: d.token}
}

// beOlder is like [beService] for the older build.
func beOlder(s settings) error {
	cmd := exec.CommandContext(context.Background(), s.Older, "serve")
	cmd.Env = s.variables() // and no others, which it might not know
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}()
	public, internal, err := readAddresses(log)
	if err == nil {
		fmt.Fprintln(os.Stdout, public, internal)
		_, _ = io.Copy(io.Discard, log)
	}
	return errors.Join(err, cmd.Wait())
}

func (s settings) variables() []string {
	return []string{
		"APIKEYS_ADDR=127.0.0.1:0", "APIKEYS_INTERNAL_ADDR=127.0.0.1:0",
		"APIKEYS_DATABASE_URL=" + s.DatabaseURL, "APIKEYS_MIGRATE=" + s.OlderMigrates,
		"APIKEYS_JWKS_FILE=" + s.JWKSFile, "APIKEYS_JWT_ISSUER=" + s.Issuer, "APIKEYS_JWT_AUDIENCE=" + s.Audience,
		"APIKEYS_PEPPERS=" + pepper,
	}
}

// readAddresses finds the addresses of the service in its log.
func readAddresses(log io.Reader) (public, internal string, err error) {
	var before bytes.Buffer
	lines := json.NewDecoder(io.TeeReader(log, &before))
	for {
		var line struct{ Msg, Public, Internal string }
		if err := lines.Decode(&line); err != nil {
			return "", "", fmt.Errorf("the older build did not start: %w: %s", err, &before)
		}
		if line.Msg == "listening" {
			return "http://" + line.Public, "http://" + line.Internal, nil
		}
	}
}
