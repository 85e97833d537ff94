package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// raceAtOnce keeps the race detector from holding every process up for a
// second at its end.
const raceAtOnce = "GORACE=atexit_sleep_ms=0"

// releasedAs is the release that the test binary is of.
const releasedAs = "v0.0.0-tested"

// TestMain lets the test binary stand in for the commands that tests run.
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
			return nil
		},
	})
}
