package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"

	"github.com/slaunchx/apikeys/config"
)

// logHandler returns a handler that writes to w, in the format and level of cfg.
func logHandler(cfg config.Config, w io.Writer) slog.Handler {
	options := &slog.HandlerOptions{Level: cfg.Level()}
	if cfg.LogFormat == config.LogText || cfg.LogFormat == "" && isTerminal(w) {
		return slog.NewTextHandler(w, options)
	}
	return slog.NewJSONHandler(w, options)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
