package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/apidocs"
	"github.com/slaunchx/apikeys/adapters/console"
	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/adapters/otlp"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/cmd/apikeys/internal/dev"
	"github.com/slaunchx/apikeys/config"
)

type serveCmd struct {
	Dev      bool     `help:"Try the service, on this machine only: creates a database, a pepper, a sealing key and a token issuer in --dev-dir and prints curl commands to paste."`
	DevDir   string   `default:".apikeys-dev" placeholder:"DIR" help:"Directory for the files of --dev (${default})."`
	Settings settings `embed:""`
}

// Help is shown below the usage of the command.
func (serveCmd) Help() string {
	return `The service has two listeners: the public one serves the management API to callers with a token, the internal one serves permission checks and must not be reachable from outside. A third, for Envoy, is off by default.

On SIGINT, SIGTERM or SIGHUP it finishes the requests in flight and exits; a second SIGINT or SIGTERM kills it. No signal reloads the configuration. Logs go to standard error.`
}

// Run serves until ctx ends.
func (c *serveCmd) Run(ctx context.Context, given *inputs, io streams) error {
	if c.Dev {
		return c.runDev(ctx, given, io)
	}
	cfg := config.Config(c.Settings)
	if err := given.judge(apikeys.Validate(cfg)); err != nil {
		return err
	}
	return serve(ctx, cfg, logHandler(cfg, io.err), apikeys.WithConsole(console.New))
}

func (c *serveCmd) runDev(ctx context.Context, given *inputs, io streams) error {
	cfg := config.Config(c.Settings)
	if err := given.judge(judgeDev(cfg, given.set).Err()); err != nil {
		return err
	}
	made, demo, err := dev.Config(c.DevDir)
	if err != nil {
		return err
	}
	cfg = overlay(made, cfg, given.set)
	return serve(ctx, cfg, logHandler(cfg, io.err), printWhenListening(demo, io.out),
		apikeys.WithConsole(func(origins []string) *console.Page { return console.NewDemo(origins, demo.Token()) }))
}

func printWhenListening(demo *dev.Demo, w io.Writer) apikeys.Option {
	return apikeys.WithListening(func(at apikeys.Listeners) {
		_ = demo.Print(w, at.Public, at.Internal) // without standard output, nobody reads it
	})
}

// serve runs a service until ctx ends. It returns nil if ctx ends during the
// start.
func serve(ctx context.Context, cfg config.Config, handler slog.Handler, opts ...apikeys.Option) error {
	// A service must survive the reader of its log: by default, the next write to a
	// broken pipe on standard output or standard error would kill it.
	signal.Ignore(syscall.SIGPIPE)
	logger := slog.New(handler)
	tracing, err := startTracing(ctx, logger)
	if err != nil {
		return err
	}
	opts = append(opts, apikeys.WithLogger(logger), apikeys.WithExtAuthz(extauthz.New),
		apikeys.WithReferencePages(apidocs.New(apidocs.PublicServer), apidocs.New(apidocs.InternalServer)),
		apikeys.WithMetrics(telemetry.New(telemetry.Options{Version: version})))
	if tracing != nil {
		defer closeTracing(tracing, logger) // after the service, to send its last spans
		opts = append(opts, apikeys.WithTracerProvider(tracing.Provider()))
	}
	service, err := apikeys.New(ctx, cfg, opts...)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	return errors.Join(service.Run(ctx), service.Close())
}

// startTracing returns nil if the OTEL_… variables do not enable tracing, and
// [config.Faults] if one of them is invalid.
func startTracing(ctx context.Context, logger *slog.Logger) (*otlp.Tracing, error) {
	tracing, err := otlp.New(ctx, logger, version)
	if fault, ok := errors.AsType[*otlp.Fault](err); ok {
		return nil, config.Faults{{Variable: fault.Variable, Problem: fault.Problem}}
	}
	return tracing, err
}

func closeTracing(tracing *otlp.Tracing, logger *slog.Logger) {
	if err := tracing.Close(); err != nil {
		logger.Warn("cannot close traces", "error", err)
	}
}
