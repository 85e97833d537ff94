package main

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

func TestServe_SaysWhatToDoAboutAnAddressInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	cases := map[string]struct{ public, internal string }{
		"APIKEYS_ADDR":          {taken.Addr().String(), "127.0.0.1:0"},
		"APIKEYS_INTERNAL_ADDR": {"127.0.0.1:0", taken.Addr().String()},
	}
	for variable, at := range cases {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			serve := exec.CommandContext(ctx, self(t), "serve", "--dev", "--dev-dir", filepath.Join(t.TempDir(), "dev"),
				"--addr", at.public, "--internal-addr", at.internal)
			serve.Args[0], serve.Env = "apikeys", []string{raceAtOnce}
			shown, _ := serve.CombinedOutput() // the exit code is looked at below
			if code := serve.ProcessState.ExitCode(); code != exitFailure {
				t.Errorf("the exit code is %d, want %d", code, exitFailure)
			}
			expect(t, string(shown), `(?m)^apikeys: `+variable+`: .*`+regexp.QuoteMeta(taken.Addr().String())+`.* in use\nSet that variable to a free address`)
		})
	}
}
