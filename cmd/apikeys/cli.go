package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/slaunchx/apikeys/config"
)

const description = `Issues, manages and checks API keys that belong to workspaces.

A first look, with nothing to install or configure:
  apikeys serve --dev          and paste the two curl lines it prints

For real:
  apikeys pepper               makes the key under which secrets are hashed
  apikeys migrate up           makes the database ready
  apikeys serve                runs; says all that is missing if something is

Every setting is a flag and an environment variable; 'apikeys serve --help'
explains them. Secrets are taken from variables only, or from a file named by
the variable with _FILE behind it, such as APIKEYS_PEPPERS_FILE.

Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.`

// settings are a [config.Config] whose Validate kong does not see: kong would
// call it for every command, and show its faults apart from all others.
type settings config.Config

// cli is the command line.
type cli struct {
	Serve       serveCmd       `cmd:"" help:"Run the service until SIGINT, SIGTERM or SIGHUP."`
	Migrate     migrateCmd     `cmd:"" help:"Bring the database schema up to date, or show where it is."`
	Healthcheck healthcheckCmd `cmd:"" help:"Ask a running service whether it is ready."`
	Token       tokenCmd       `cmd:"" help:"Make a token for a service that runs with --dev."`
	Pepper      pepperCmd      `cmd:"" help:"Make a pepper: an entry for APIKEYS_PEPPERS."`
	Version     versionCmd     `cmd:"" help:"Show the version."`

	VersionFlag versionFlag `name:"version" help:"Show the version."`
}

// heeded are the settings that commands heed which do not heed all.
var heeded = map[string][]string{
	"migrate":     {"database-url", "migrate-wait", "log-level", "log-format"},
	"healthcheck": {"internal-addr", "timeout"},
}

// hideUnheeded leaves in the help of such a command what it heeds.
func hideUnheeded(k *kong.Kong) error {
	for _, command := range k.Model.Children {
		names, ok := heeded[command.Name]
		if !ok {
			continue
		}
		for _, flag := range command.Flags {
			flag.Hidden = !slices.Contains(names, flag.Name)
		}
	}
	return nil
}

// explain returns the help of a flag with its default and how else to set it.
func explain(value *kong.Value) string {
	if len(value.Tag.Envs) == 0 {
		return value.Help
	}
	variable := "$" + value.Tag.Envs[0]
	notes := []string{variable}
	if value.Tag.Has("secret") {
		notes = []string{"only by " + variable + " or " + variable + fileSuffix}
	}
	if value.HasDefault {
		notes = append(notes, "default "+value.Default)
	}
	return strings.TrimSuffix(value.Help, ".") + " (" + strings.Join(notes, ", ") + ")."
}
