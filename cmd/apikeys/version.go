package main

import (
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// version is set in releases, with -ldflags "-X main.version=...".
var version string

type versionCmd struct{}

// Run prints the version, the commit if it is known, and the Go release.
func (versionCmd) Run(io streams) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	_, err := fmt.Fprintln(io.out, versionLine(version, info))
	return err
}

// versionFlag does what [versionCmd] does.
type versionFlag bool

// BeforeReset is called by kong if the flag is set.
func (versionFlag) BeforeReset(app *kong.Kong, io streams) error {
	defer app.Exit(exitOK)
	return versionCmd{}.Run(io)
}

func versionLine(released string, info *debug.BuildInfo) string {
	line := "apikeys " + firstOf(released, info.Main.Version, "(devel)")
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if revision := settings["vcs.revision"]; revision != "" {
		line += " commit " + revision
		if settings["vcs.modified"] == "true" {
			line += " (modified)"
		}
	}
	return line + " " + info.GoVersion
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
