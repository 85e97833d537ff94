package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

type keysCmd struct {
	Workspace string   `short:"w" placeholder:"ID" help:"Workspace of the keys. Without it, list shows the keys of all workspaces, and the other commands find the workspace of the key."`
	Output    string   `short:"o" default:"table" enum:"table,json" help:"How results are written: ${enum} (${default})."`
	Quiet     bool     `short:"q" help:"Write only key IDs, or a new secret, and nothing to standard error but errors."`
	Operator  string   `placeholder:"NAME" help:"Your name in the audit trail, as operator:NAME (that of your account on this machine)."`
	Settings  settings `embed:""`

	List    keysListCmd    `cmd:"" help:"List keys, of one workspace or of all."`
	Show    keysShowCmd    `cmd:"" help:"Show a key."`
	Create  keysCreateCmd  `cmd:"" help:"Create a key and show its secret, once."`
	Update  keysUpdateCmd  `cmd:"" help:"Change the name, scopes, IP whitelist, expiry or limits of a key."`
	Disable keysDisableCmd `cmd:"" help:"Disable a key until it is enabled again."`
	Enable  keysEnableCmd  `cmd:"" help:"Enable a disabled key."`
	Rotate  keysRotateCmd  `cmd:"" help:"Replace the secret of a key and show the new one, once."`
	Delete  keysDeleteCmd  `cmd:"" help:"Delete a key for good."`
	Events  keysEventsCmd  `cmd:"" help:"Show the audit trail of a key: who changed what, and when."`
	Usage   keysUsageCmd   `cmd:"" help:"Show how much a key is used: its checks by day, and the last use of its scopes."`
	Find    keysFindCmd    `cmd:"" help:"Find secrets in files, and show which keys they belong to and whether they work."`
	Export  keysExportCmd  `cmd:"" help:"Write an inventory of all keys, as CSV or JSON Lines, without secrets."`
	Explain keysExplainCmd `cmd:"" help:"Explain step by step whether a check of a key would be allowed."`
}

// Help is shown below the usage of the command.
func (keysCmd) Help() string {
	return `These commands work directly on the store; running services see a change within a second. They need APIKEYS_DATABASE_URL, and those that create or check a secret also need APIKEYS_PEPPERS. They need neither a token nor a running service.

  apikeys keys list --status ACTIVE
  apikeys keys create --workspace ws_1 --name "Nightly report" --scope report:read --secret-file report.key
  apikeys keys disable sk_live_4fKpLr9Xw2Qb7ZtN --operator alice
  apikeys keys explain sk_live_4fKpLr9Xw2Qb7ZtN --scope report:read --ip 192.0.2.7
  apikeys keys find --disable --yes leaked.log
  apikeys keys list --output json | jq -r '.items[] | select(.lastUsedAt == null) | .apiKeyId'

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 no such key, 4 refused, 5 store unreachable, 78 wrong configuration.`
}

// How long a command may take, including the time to reach the store, which is limited
// separately.
const (
	keysTimeout  = time.Minute
	reachTimeout = 10 * time.Second
)

// desk holds what a command on keys works with.
type desk struct {
	of        *keysCmd
	io        streams
	service   *apikeys.Service
	operator  string
	workspace domain.WorkspaceID // "" if none was named
}

// needs states what a command needs besides the database.
type needs struct {
	peppers bool
	sealing bool
	time    bool // as much as it takes
}

// work opens the configured store, calls do with it, and closes it. Errors have the
// exit code of their kind.
func (c *keysCmd) work(ctx context.Context, given *inputs, io streams, n needs, do func(context.Context, *desk) error) error {
	d := &desk{of: c, io: io}
	if err := d.read(); err != nil {
		return err
	}
	cfg, err := c.configure(given, n)
	if err != nil {
		return err
	}
	if !n.time {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, keysTimeout)
		defer cancel()
	}
	if err := d.open(ctx, cfg, n); err != nil {
		return withExitCode(err)
	}
	return withExitCode(errors.Join(d.explained(do(ctx, d)), d.service.Close()))
}

// read validates the flags that all commands have.
func (d *desk) read() error {
	if d.of.Workspace != "" {
		workspace, faults := domain.ParseWorkspaceID(d.of.Workspace)
		if faults != nil {
			return misuse("--workspace must be 1 to 64 of A-Z a-z 0-9 _ -")
		}
		d.workspace = workspace
	}
	d.operator = cmp.Or(d.of.Operator, accountName())
	if len(d.operator) > 64 || strings.ContainsFunc(d.operator, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return misuse("--operator must be 1 to 64 visible ASCII characters")
	}
	return nil
}

// accountName returns the name of the account that runs the process.
func accountName() string {
	if account, err := user.Current(); err == nil && account.Username != "" {
		return account.Username
	}
	return "uid-" + strconv.Itoa(os.Getuid())
}

// configure returns a configuration with the settings that the commands use.
func (c *keysCmd) configure(given *inputs, n needs) (config.Config, error) {
	cfg := config.Default()
	cfg.DatabaseURL, cfg.Peppers = c.Settings.DatabaseURL, c.Settings.Peppers
	cfg.SealingKeys, cfg.WebhookInsecure = c.Settings.SealingKeys, c.Settings.WebhookInsecure
	cfg.MaxKeysPerWorkspace = c.Settings.MaxKeysPerWorkspace
	cfg.LogLevel, cfg.LogFormat = c.Settings.LogLevel, c.Settings.LogFormat
	if !given.set["APIKEYS_LOG_LEVEL"] {
		cfg.LogLevel = "error"
	}
	switch kind, location := cfg.Database(); {
	case !given.set["APIKEYS_DATABASE_URL"]:
		given.fault("APIKEYS_DATABASE_URL", "is missing; set it to the database of the service, such as sqlite:///absolute/path or postgres://user:password@host/name?sslmode=verify-full")
	case kind == config.StoreMemory:
		given.fault("APIKEYS_DATABASE_URL", "is memory://, which has no keys that another process could see")
	case kind == config.StoreSQLite:
		// A wrong path must not create a new, empty database.
		if _, err := os.Stat(filepath.FromSlash(location.Reveal())); errors.Is(err, fs.ErrNotExist) {
			given.fault("APIKEYS_DATABASE_URL", "names a file that does not exist: "+location.Reveal())
		}
	}
	if n.peppers && cfg.Peppers == "" {
		given.fault("APIKEYS_PEPPERS", "is missing; this command makes or checks a secret, for which it needs the peppers of the service")
	}
	if n.sealing && cfg.SealingKeys == "" {
		given.fault("APIKEYS_SEALING_KEYS", "is missing; this command makes the secret of a webhook, for which it needs the sealing keys of the service")
	}
	return cfg, given.judge(apikeys.ValidateStorage(cfg))
}

func (d *desk) open(ctx context.Context, cfg config.Config, n needs) error {
	if cfg.Peppers == "" {
		// This command hashes and compares nothing, but the service requires a pepper.
		unused, err := apikeys.NewPepper("unused")
		if err != nil {
			return err
		}
		cfg.Peppers = config.Secret(unused)
	}
	reach, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	service, err := apikeys.New(reach, cfg, apikeys.WithManagementOnly(), apikeys.WithLogger(slog.New(logHandler(cfg, d.io.err))))
	if err != nil {
		return err
	}
	if n.peppers {
		if err := service.ComparePeppers(reach); err != nil {
			return errors.Join(err, service.Close())
		}
	}
	d.service = service
	return nil
}

// explained returns err with the texts of its faults.
func (d *desk) explained(err error) error {
	faults, ok := errors.AsType[domain.Faults](err)
	if !ok {
		return err
	}
	var lines []string
	for _, f := range faults {
		lines = append(lines, d.service.Text(f.Rule, f.Placeholders()))
	}
	return misuse(strings.Join(lines, "\n"))
}

// withExitCode returns err with the exit code of its kind, if it has one.
func withExitCode(err error) error {
	if err == nil {
		return nil
	}
	for _, kind := range []struct {
		err  error
		code int
	}{
		{domain.ErrKeyNotFound, exitNotFound},
		{domain.ErrWebhookNotFound, exitNotFound},
		{domain.ErrTooManyWebhooks, exitRefused},
		{domain.ErrNoWebhooks, exitRefused},
		{domain.ErrConflict, exitRefused},
		{domain.ErrTooManyKeys, exitRefused},
		{domain.ErrTestKeyPortal, exitRefused},
		{domain.ErrUnavailable, exitUnreachable},
		{context.DeadlineExceeded, exitUnreachable},
	} {
		if errors.Is(err, kind.err) {
			return &exitError{err, kind.code}
		}
	}
	return err
}

// key returns the key with the given ID, in the named workspace or, if none was named,
// in any.
func (d *desk) key(ctx context.Context, id string) (*domain.APIKey, error) {
	parsed, ok := domain.ParseKeyID(id)
	if !ok {
		if domain.HasSecret(id) {
			return nil, misuse("that is a secret, which does not belong on a command line; write the key ID, its first 24 characters")
		}
		return nil, misuse("a key ID is sk_live_ or sk_test_ and 16 letters and digits")
	}
	key, err := d.service.Operator(d.operator).FindKey(ctx, parsed)
	if err == nil && d.workspace != "" && key.Snapshot().Workspace != d.workspace {
		err = domain.ErrKeyNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", parsed, err)
	}
	return key, nil
}

// in returns the workspace with the given ID, for changes in the operator's name.
func (d *desk) in(id domain.WorkspaceID) *apikeys.Workspace {
	return d.service.OperatorWorkspace(d.operator, id, domain.Origin{})
}

// changeKey finds a key, calls change with its workspace, and shows the changed key.
func (d *desk) changeKey(ctx context.Context, id, done string, change func(*apikeys.Workspace, domain.KeyID) error) error {
	key, err := d.key(ctx, id)
	if err != nil {
		return err
	}
	ws := d.in(key.Snapshot().Workspace)
	if err := change(ws, key.ID()); err != nil {
		return fmt.Errorf("%s: %w", key.ID(), err)
	}
	if done != "" {
		d.say("%s: %s", key.ID(), done)
	}
	if d.of.Output != "json" {
		if d.of.Quiet {
			return d.printText(string(key.ID()))
		}
		return nil
	}
	changed, err := ws.GetKey(ctx, key.ID())
	if err != nil {
		return err
	}
	return d.printJSON(toKeyRecord(changed))
}
