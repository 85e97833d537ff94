package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/slaunchx/apikeys/config"
)

const description = `Issues, manages and checks API keys that belong to workspaces.

To try it, with nothing to install or configure:
  apikeys serve --dev          then paste the two curl commands it prints

In production:
  apikeys pepper               creates a pepper, under which secrets are hashed
  apikeys migrate up           prepares the database
  apikeys serve                runs the service, or lists all missing settings

Every setting is a flag and an environment variable; 'apikeys serve --help'
explains them. Secrets are read only from variables, or from a file named by
the variable with the suffix _FILE, such as APIKEYS_PEPPERS_FILE.

If something is wrong:
  apikeys doctor               checks settings, database, peppers, token keys and addresses

To manage keys, as an operator:
  apikeys keys list            lists the keys of all workspaces
  apikeys keys --help          explains the other commands
  apikeys import --help        takes over keys that another system issued

Exit codes: 0 success, 1 failure, 2 wrong usage, 78 wrong configuration; of
'apikeys keys', 'webhooks' and 'import' also 3 not found, 4 refused, 5 store unreachable.`

// settings is a [config.Config] without its method Validate, which kong would call for
// every command, showing its faults separately from all others.
type settings config.Config

// cli is the command line.
type cli struct {
	Serve       serveCmd       `cmd:"" help:"Run the service until SIGINT, SIGTERM or SIGHUP."`
	Migrate     migrateCmd     `cmd:"" help:"Apply migrations of the database schema, or list them."`
	Keys        keysCmd        `cmd:"" help:"List, show and change API keys on the configured store, as an operator."`
	Webhooks    webhooksCmd    `cmd:"" help:"List, show and change the webhooks of a workspace, and see what was delivered, as an operator."`
	Import      importCmd      `cmd:"" help:"Import keys that another system issued, so that they keep working."`
	Doctor      doctorCmd      `cmd:"" help:"Check whether a service with these settings would work on this machine, and say how to correct what would not."`
	Completion  completionCmd  `cmd:"" help:"Print a script that completes commands in a shell."`
	Healthcheck healthcheckCmd `cmd:"" help:"Check whether a running service is ready."`
	Token       tokenCmd       `cmd:"" help:"Create a token for a service that runs with --dev."`
	Pepper      pepperCmd      `cmd:"" help:"Create a pepper (an entry for APIKEYS_PEPPERS), or show how many secrets depend on each."`
	Version     versionCmd     `cmd:"" help:"Show the version."`

	VersionFlag versionFlag `name:"version" help:"Show the version."`
}

// flagsOf lists the flags of commands that do not use all settings.
var flagsOf = map[string][]string{
	"migrate":              {"database-url", "migrate-wait", "log-level", "log-format"},
	"keys":                 {"workspace", "output", "quiet", "operator", "database-url", "peppers", "max-keys-per-workspace", "log-level", "log-format"},
	"webhooks":             {"workspace", "output", "quiet", "operator", "database-url", "sealing-keys", "webhook-insecure", "log-level", "log-format"},
	"import":               {"format", "workspace", "column", "scope", "dry-run", "output", "quiet", "operator", "database-url", "peppers", "max-keys-per-workspace", "log-level", "log-format"},
	"pepper rotate-status": {"output", "database-url", "peppers", "log-level", "log-format"},
	"healthcheck":          {"internal-addr", "timeout"},
}

// onlyCommandOf returns options that omit all commands except the one that args name,
// because preparing the flags of all commands takes most of the startup time.
func onlyCommandOf(args []string) []kong.Option {
	options := []kong.Option{kong.PostBuild(removeOthers(args))}
	if len(args) == 0 {
		return options
	}
	found, others := false, []string{}
	for field := range reflect.TypeFor[cli]().Fields() {
		if _, isCommand := field.Tag.Lookup("cmd"); !isCommand {
			continue
		}
		if strings.ToLower(field.Name) == args[0] {
			found = true
			continue
		}
		others = append(others, field.Name)
	}
	if !found {
		return options
	}
	return append(options, kong.IgnoreFields(`^cli\.(`+strings.Join(others, "|")+`)$`))
}

// removeOthers returns a function that removes all commands except the one that args
// name, before kong expands variables in their help.
func removeOthers(args []string) func(*kong.Kong) error {
	return func(k *kong.Kong) error {
		node := k.Model.Node
		for _, arg := range args {
			command := childNamed(node, arg)
			if command == nil {
				break
			}
			node.Children = []*kong.Node{command}
			node = command
		}
		return nil
	}
}

// hideUnused hides all flags that are not in flagsOf from the help of the commands in
// it.
func hideUnused(k *kong.Kong) error {
	hideUnusedBelow(k.Model.Node, "")
	return nil
}

func hideUnusedBelow(node *kong.Node, path string) {
	for _, command := range node.Children {
		name := strings.TrimSpace(path + " " + command.Name)
		if names, ok := flagsOf[name]; ok {
			for _, flag := range command.Flags {
				flag.Hidden = !slices.Contains(names, flag.Name)
			}
		}
		hideUnusedBelow(command, name)
	}
}

// explain returns the help of a flag with its variable and default.
func explain(value *kong.Value) string {
	if len(value.Tag.Envs) == 0 {
		return value.Help
	}
	variable := "$" + value.Tag.Envs[0]
	notes := []string{variable}
	if value.Tag.Has("secret") {
		notes = []string{"only as " + variable + " or " + variable + fileSuffix}
	}
	if value.HasDefault {
		notes = append(notes, "default "+value.Default)
	}
	return strings.TrimSuffix(value.Help, ".") + " (" + strings.Join(notes, ", ") + ")."
}
