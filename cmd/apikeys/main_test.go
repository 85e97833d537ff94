package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// raceAtOnce keeps the race detector from delaying the exit of every process by a
// second.
const raceAtOnce = "GORACE=atexit_sleep_ms=0"

// releasedAs is the release of the test binary.
const releasedAs = "v0.0.0-tested"

// TestMain lets the test binary replace the commands that tests run.
func TestMain(m *testing.M) {
	version = releasedAs
	testscript.Main(m, map[string]func(){
		"apikeys": main,
		"curl":    curlStandIn,
	})
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, raceAtOnce)
			return copyPepperLine(e.WorkDir)
		},
	})
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
