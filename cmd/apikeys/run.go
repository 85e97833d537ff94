package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/slaunchx/apikeys/config"
)

// The exit codes. The code for a wrong configuration is EX_CONFIG of sysexits.h. It
// must not be 2, the exit code of a Go program that crashes, because a supervisor
// should restart the service after a crash, but not if its configuration is wrong.
const (
	exitOK            = 0
	exitFailure       = 1
	exitUsage         = 2
	exitNotFound      = 3
	exitRefused       = 4
	exitUnreachable   = 5
	exitConfiguration = 78
)

// streams are the input and outputs of a command: results go to out, everything else
// to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// misuse is an error in the command line that kong cannot detect.
type misuse string

func (m misuse) Error() string { return string(m) }

// exitError is an error with an exit code.
type exitError struct {
	error
	code int
}

func (e *exitError) Unwrap() error { return e.error }

// run executes the command line args until it is done or ctx ends, and returns
// the exit code. It reads the environment of the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	if len(args) > 0 && args[0] == completeCommand {
		return fail(stderr, completeWords(args[1:], stdout))
	}
	given := &inputs{}
	exited := false
	parser, err := kong.New(&cli{}, append(slices.Concat(given.typed(), onlyCommandOf(args)),
		kong.Name("apikeys"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{NoAppDescFormat: true, Compact: true, FlagsLast: true, WrapUpperBound: 100}),
		kong.ValueFormatter(explain),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { exited = true }), // called only by --help and --version
		kong.Resolvers(given),
		kong.PostBuild(hideUnused),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(given, streams{in: os.Stdin, out: stdout, err: stderr}),
	)...)
	if err != nil {
		return fail(stderr, err)
	}
	command, err := parser.Parse(args)
	if exited {
		return exitOK
	}
	if err != nil {
		return fail(stderr, err)
	}
	given.note(command)
	return fail(stderr, command.Run())
}

// fail prints err, if it is not nil, and returns its exit code.
func fail(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	report, code := describe(err)
	_, _ = fmt.Fprintln(stderr, "apikeys: "+report) // if that fails, the exit code still tells
	return code
}

// describe returns the message and the exit code for err.
func describe(err error) (report string, code int) {
	var faults config.Faults
	if errors.As(err, &faults) {
		return "invalid configuration:\n  " +
			strings.ReplaceAll(faults.Error(), "\n", "\n  ") +
			"\n'apikeys serve --help' explains every variable; 'apikeys serve --dev' requires none.", exitConfiguration
	}
	var unparsed *kong.ParseError
	var misused misuse
	if errors.As(err, &unparsed) || errors.As(err, &misused) {
		return err.Error() + "\nRun 'apikeys --help' for help.", exitUsage
	}
	if failed, ok := errors.AsType[*exitError](err); ok {
		return failed.Error(), failed.code
	}
	return err.Error() + adviceOn(err), exitFailure
}

// adviceOn returns advice on a failure that only the operator can correct.
func adviceOn(err error) string {
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "listen" {
		return "\nSet that variable to a free address, such as 127.0.0.1:8090; port 0 chooses a free port."
	}
	return ""
}
