package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slaunchx/apikeys/test/pgtest"
)

// raceAtOnce keeps the race detector from delaying the exit of every process by a
// second.
const raceAtOnce = "GORACE=atexit_sleep_ms=0"

// releasedAs is the release of the test binary, and of the command that scripts run.
const releasedAs = "v0.0.0-tested"

// TestMain lets the test binary replace the commands that tests run.
func TestMain(m *testing.M) {
	version = releasedAs
	testscript.Main(withPostgres{m}, map[string]func(){
		"apikeys": main,
		"curl":    curlStandIn,
	})
}

// withPostgres runs the tests, and stops the server of those that use one.
type withPostgres struct{ *testing.M }

// Run implements testscript.TestingM.
func (m withPostgres) Run() int { return pgtest.Run(m.M) }

func TestCommandLine(t *testing.T) {
	t.Parallel()
	bin := buildReleased(t)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		p := scripts(bin, "sqlite", func() string { return "sqlite://keys.db" })
		p.Dir = "testdata/script"
		testscript.Run(t, p)
	})
	// The commands on keys only.
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		p := scripts(bin, "postgres", func() string { return pgtest.NewDatabase(t) })
		for _, name := range []string{"keys", "keys_find", "keys_export"} {
			p.Files = append(p.Files, "testdata/script/"+name+".txtar")
		}
		testscript.Run(t, p)
	})
}

// buildReleased builds the command as it is released, and returns its folder. Under the
// race detector starting a command would take longer than what most scripts test; tests
// that run goroutines in it start the test binary instead.
func buildReleased(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -X main.version="+releasedAs, "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return bin
}

// scripts returns the parameters of scripts that run the command in bin on a store, whose
// name is a condition and whose URL is in KEYS_DATABASE.
func scripts(bin, store string, url func() string) testscript.Params {
	return testscript.Params{
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Vars = append(e.Vars, raceAtOnce, "KEYS_DATABASE="+url())
			return copyPepperLine(e.WorkDir)
		},
		Condition: func(condition string) (bool, error) { return condition == store, nil },
	}
}

// pepperLine matches the line of the README that writes the pepper to a file.
var pepperLine = regexp.MustCompile(`(?m)^\(.*\bbin/apikeys pepper > .*$`)

// copyPepperLine writes the line of the README that creates a pepper into a shell
// script in dir, with the command that the tests run.
func copyPepperLine(dir string) error {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		return err
	}
	line := pepperLine.Find(readme)
	if line == nil {
		return errors.New("the README does not write a pepper to a file")
	}
	script := regexp.MustCompile(`\bbin/`).ReplaceAll(line, nil)
	return os.WriteFile(filepath.Join(dir, "readme-pepper.sh"), append(script, '\n'), 0o600)
}
