package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/slaunchx/apikeys/config"
)

// The exit codes. Configuration has the code that sysexits.h calls EX_CONFIG,
// because a Go program that crashes exits with 2: a supervisor must restart
// after a crash, and must not after a wrong configuration.
const (
	exitOK            = 0
	exitFailure       = 1
	exitUsage         = 2
	exitConfiguration = 78
)

// streams are where a command writes: results to out, all else to err.
type streams struct{ out, err io.Writer }

// misuse is a fault of the command line that kong does not find.
type misuse string

func (m misuse) Error() string { return string(m) }

// run does what args ask for until it is done or ctx ends, and returns the
// exit code. Variables are those of the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	given := &inputs{}
	exited := false
	parser, err := kong.New(&cli{}, append(given.typed(),
		kong.Name("apikeys"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{NoAppDescFormat: true, Compact: true, FlagsLast: true, WrapUpperBound: 100}),
		kong.ValueFormatter(explain),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { exited = true }), // by --help and --version alone
		kong.Resolvers(given),
		kong.PostBuild(hideUnheeded),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(given, streams{out: stdout, err: stderr}),
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

// fail reports err, if it is one, and returns the exit code for it.
func fail(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	report, code := describe(err)
	_, _ = fmt.Fprintln(stderr, "apikeys: "+report) // the exit code says it too
	return code
}

// describe returns what to say of err, and the exit code for it.
func describe(err error) (report string, code int) {
	var faults config.Faults
	if errors.As(err, &faults) {
		return "invalid configuration:\n  " +
			strings.ReplaceAll(faults.Error(), "\n", "\n  ") +
			"\n'apikeys serve --help' explains every variable; 'apikeys serve --dev' needs none.", exitConfiguration
	}
	var unparsed *kong.ParseError
	var misused misuse
	if errors.As(err, &unparsed) || errors.As(err, &misused) {
		return err.Error() + "\nRun 'apikeys --help' for what there is.", exitUsage
	}
	return err.Error() + adviceOn(err), exitFailure
}

// adviceOn returns what to do about a failure that only the operator can mend.
func adviceOn(err error) string {
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "listen" {
		return "\nSet that variable to an address that can be listened on, such as 127.0.0.1:8090; a port of 0 takes any that is free."
	}
	return ""
}
