package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestServeDev_PrintsCommandsThatCreateAndCheckAKey(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	first := startDev(t, dir)
	shown := paste(t, pathWithCurl(t), first.create, first.check, `echo "SECRET='$SECRET'"`)
	expect(t, shown, `HTTP/1\.1 201 `, `"success":true`, `HTTP/1\.1 200 `, `"allowed":true`)
	secret := regexp.MustCompile(`SECRET='sk_live_\w{65}'`).FindString(shown)
	if secret == "" {
		t.Fatalf("no secret was kept for the second line:\n%s", shown)
	}
	first.stop(t)

	t.Log("after a restart the key still opens, and so does a new token")
	second := startDev(t, dir)
	shown = paste(t, pathWithStandIn(t), secret, second.check, second.create)
	expect(t, shown, `HTTP/1\.1 200 `, `"allowed":true`, `HTTP/1\.1 201 `)
	second.stop(t)

	if log := first.stderr.String() + second.stderr.String(); strings.Contains(log, strings.Split(secret, "'")[1]) {
		t.Error("the secret was logged")
	}
}

func TestServeDev_CreatesFilesForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	startDev(t, dir).stop(t)
	for path, want := range map[string]os.FileMode{".": 0o700, "peppers": 0o600, "sealing-keys": 0o600, "signing-key.json": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has the mode %v, want %v", path, got, want)
		}
	}
}

func TestToken_IsAcceptedWithItsClaims(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	service := startDev(t, dir)
	t.Cleanup(func() { service.stop(t) }) // after the last case
	bearer := regexp.MustCompile(`Bearer [^']+`)
	cases := map[string]struct {
		flags []string
		want  string
	}{
		"the default is an owner":                   {nil, `HTTP/1\.1 201 `},
		"a viewer is refused":                       {[]string{"--role", "VIEWER"}, `HTTP/1\.1 403 `},
		"the owner of another workspace is refused": {[]string{"--workspace", "other"}, `HTTP/1\.1 403 `},
		"another device is refused":                 {[]string{"--client-hash", "other-device"}, `HTTP/1\.1 401 `},
		"the bound device is accepted":              {[]string{"--client-hash", "demo-device"}, `HTTP/1\.1 201 `},
	}
	path := pathWithStandIn(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := exec.Command(self(t), append([]string{"token", "--dev-dir", dir}, tc.flags...)...)
			token.Args[0], token.Env = "apikeys", []string{raceAtOnce}
			made, err := token.Output()
			if err != nil {
				t.Fatal(err)
			}
			line := bearer.ReplaceAllLiteralString(service.create, "Bearer "+strings.TrimSpace(string(made)))
			expect(t, paste(t, path, line), tc.want)
		})
	}
}

// expect reports each pattern that does not occur in shown after the previous one.
func expect(t *testing.T, shown string, patterns ...string) {
	t.Helper()
	rest := shown
	for _, pattern := range patterns {
		at := regexp.MustCompile(pattern).FindStringIndex(rest)
		if at == nil {
			t.Fatalf("%s is missing in:\n%s", pattern, shown)
		}
		rest = rest[at[1]:]
	}
}

// pathWithCurl returns a PATH with the curl of this machine, or with the stand-in
// if it has none.
func pathWithCurl(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err == nil {
		return os.Getenv("PATH")
	}
	return pathWithStandIn(t)
}

func pathWithStandIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(self(t), filepath.Join(dir, "curl")); err != nil {
		t.Fatal(err)
	}
	return dir + string(os.PathListSeparator) + os.Getenv("PATH")
}
