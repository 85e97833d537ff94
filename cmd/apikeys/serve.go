package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/otlp"
	"github.com/slaunchx/apikeys/config"
)

type serveCmd struct {
	Dev      bool     `help:"Run for a first look, on this machine alone: makes a database, a pepper and a token issuer in --dev-dir and prints curl lines to paste."`
	DevDir   string   `default:".apikeys-dev" placeholder:"DIR" help:"Directory of what --dev makes and keeps (${default})."`
	Settings settings `embed:""`
}

// Help is shown below the usage of the command.
func (serveCmd) Help() string {
	return `Two listeners are opened: the public one serves the management API to those with a token, the internal one answers permission checks and must not be reachable from outside.

SIGINT, SIGTERM or SIGHUP lets the requests in flight finish; a second SIGINT or SIGTERM kills. There is nothing to reload. Logs go to standard error.`
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
	return serve(ctx, cfg, logHandler(cfg, io.err))
}

func (c *serveCmd) runDev(ctx context.Context, given *inputs, io streams) error {
	cfg := config.Config(c.Settings)
	if err := given.judge(judgeDev(cfg, given.set).Err()); err != nil {
		return err
	}
	made, demo, err := apikeys.DevConfig(c.DevDir)
	if err != nil {
		return err
	}
	cfg = overlay(made, cfg, given.set)
	return serve(ctx, cfg, logHandler(cfg, io.err), printWhenListening(demo, io.out))
}

func printWhenListening(demo *apikeys.Demo, w io.Writer) apikeys.Option {
	return apikeys.WithListening(func(at apikeys.Listeners) {
		_ = demo.Print(w, at.Public, at.Internal) // without standard output there is nobody to tell
	})
}

// serve runs a service until ctx ends. Being stopped while it starts is a
// clean stop too.
func serve(ctx context.Context, cfg config.Config, handler slog.Handler, opts ...apikeys.Option) error {
	// A service outlives the reader of its log: without this, the next line
	// written to a broken pipe on standard output or standard error would kill it.
	signal.Ignore(syscall.SIGPIPE)
	logger := slog.New(handler)
	tracing, err := startTracing(ctx, logger)
	if err != nil {
		return err
	}
	opts = append(opts, apikeys.WithLogger(logger), apikeys.WithVersion(version))
	if tracing != nil {
		defer closeTracing(tracing, logger) // after the service, whose last spans it sends
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

// startTracing returns nil if the OTEL_… variables do not ask for traces, and
// [config.Faults] if the value of one cannot be used.
func startTracing(ctx context.Context, logger *slog.Logger) (*otlp.Tracing, error) {
	tracing, err := otlp.New(ctx, logger, version)
	if fault, ok := errors.AsType[*otlp.Fault](err); ok {
		return nil, config.Faults{{Variable: fault.Variable, Problem: fault.Problem}}
	}
	return tracing, err
}

func closeTracing(tracing *otlp.Tracing, logger *slog.Logger) {
	if err := tracing.Close(); err != nil {
		logger.Warn("close traces", "error", err)
	}
}
