package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

func isNotFound(err error) bool { return errors.Is(err, domain.ErrKeyNotFound) }

type keysCreateCmd struct {
	Name      string      `required:"" placeholder:"NAME" help:"Display name of the key."`
	Scope     []string    `placeholder:"SCOPE,..." help:"What the key may do, such as payment:read; may be repeated. Without any, it may do nothing."`
	IP        []string    `name:"ip" placeholder:"IP,..." help:"Address or CIDR range it may be used from; may be repeated. Without any, it may be used from anywhere."`
	Expires   string      `placeholder:"WHEN" help:"When it expires: an RFC 3339 time, or a duration such as 90d or 12h. Without it, never."`
	RateLimit []string    `name:"rate-limit" placeholder:"LIMIT/WINDOW,..." help:"How much may be spent within a window, such as 100/60s or burst=10/1s; may be repeated. Without any, there is no rate limit."`
	Quota     string      `placeholder:"LIMIT/PERIOD" help:"How much may be spent within a DAY, a MONTH (UTC) or in TOTAL, such as 100000/MONTH."`
	Secret    secretFlags `embed:""`
}

// Help is shown below the usage of the command.
func (keysCreateCmd) Help() string {
	return `  apikeys keys create --workspace ws_1 --name "Nightly report" --scope report:read --secret-file report.key
  apikeys keys create --workspace ws_1 --name CI --scope build:write,build:read --ip 192.0.2.0/24 --expires 90d
  apikeys keys create --workspace ws_1 --name Partner --scope shop:read --rate-limit 100/60s --quota 100000/MONTH

The secret is shown once: it is written to the terminal or to --secret-file, and to a pipe only with --print-secret. The key is LIVE; only the PARTNER portal can create TEST keys.`
}

// Run creates a key.
func (c *keysCreateCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{peppers: true}, func(ctx context.Context, d *desk) error {
		if d.workspace == "" {
			return misuse("create needs --workspace")
		}
		expires, err := parseWhen(c.Expires, time.Now())
		if err != nil {
			return misuse("--expires " + err.Error())
		}
		rateLimits, err := parseRateLimits(c.RateLimit)
		if err != nil {
			return err
		}
		quota, err := parseQuota(c.Quota)
		if err != nil {
			return err
		}
		return d.withSecret(c.Secret, func() (newlyIssued, error) {
			return d.issuedKey(d.in(d.workspace).CreateKey(ctx, apikeys.KeySpec{
				Name: c.Name, Scopes: c.Scope, IPWhitelist: c.IP, ExpiresAt: expires, RateLimits: rateLimits, Quota: quota,
			}))
		})
	})
}

// parseWhen parses an RFC 3339 time or a duration from now; "" is the zero time.
func parseWhen(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 36500 {
			return now.AddDate(0, 0, n), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return now.Add(d), nil
	}
	t, faults := domain.ParseExpiry(s)
	if faults != nil {
		return time.Time{}, errors.New("must be an RFC 3339 time such as 2030-01-31T09:30:00Z, or a duration such as 90d or 12h")
	}
	return t, nil
}

type keysUpdateCmd struct {
	ID           string   `arg:"" name:"key-id" help:"ID of the key."`
	Name         string   `placeholder:"NAME" help:"New name."`
	Scope        []string `xor:"scopes" placeholder:"SCOPE,..." help:"New scopes, instead of the old ones; may be repeated."`
	NoScopes     bool     `name:"no-scopes" xor:"scopes" help:"Remove all scopes: the key may do nothing."`
	IP           []string `name:"ip" xor:"ips" placeholder:"IP,..." help:"New IP whitelist, instead of the old one; may be repeated."`
	AnyIP        bool     `name:"any-ip" xor:"ips" help:"Remove the IP whitelist: the key may be used from anywhere."`
	Expires      string   `xor:"expiry" placeholder:"WHEN" help:"New expiry: an RFC 3339 time, or a duration such as 90d or 12h."`
	NoExpiry     bool     `name:"no-expiry" xor:"expiry" help:"Remove the expiry: the key never expires."`
	RateLimit    []string `name:"rate-limit" xor:"rates" placeholder:"LIMIT/WINDOW,..." help:"New rate limits, instead of the old ones, such as 100/60s or burst=10/1s; may be repeated."`
	NoRateLimits bool     `name:"no-rate-limits" xor:"rates" help:"Remove all rate limits."`
	Quota        string   `xor:"quota" placeholder:"LIMIT/PERIOD" help:"New quota, such as 100000/MONTH; what was spent in the period stays spent."`
	NoQuota      bool     `name:"no-quota" xor:"quota" help:"Remove the quota."`
}

// Help is shown below the usage of the command.
func (keysUpdateCmd) Help() string {
	return `  apikeys keys update sk_live_4fKpLr9Xw2Qb7ZtN --expires 30d
  apikeys keys update sk_live_4fKpLr9Xw2Qb7ZtN --rate-limit 100/60s --rate-limit burst=10/1s
  apikeys keys update sk_live_4fKpLr9Xw2Qb7ZtN --scope payment:read --ip 192.0.2.0/24,2001:db8::/32

Properties that are not given stay as they are.`
}

func (c *keysUpdateCmd) patch(now time.Time) (apikeys.KeyPatch, error) {
	var patch apikeys.KeyPatch
	if c.Name != "" {
		patch.Name = &c.Name
	}
	if c.Scope != nil || c.NoScopes {
		patch.Scopes = &c.Scope
	}
	if c.IP != nil || c.AnyIP {
		patch.IPWhitelist = &c.IP
	}
	if c.Expires != "" || c.NoExpiry {
		expires, err := parseWhen(c.Expires, now)
		if err != nil {
			return patch, misuse("--expires " + err.Error())
		}
		patch.ExpiresAt = &expires
	}
	if c.RateLimit != nil || c.NoRateLimits {
		rateLimits, err := parseRateLimits(c.RateLimit)
		if err != nil {
			return patch, err
		}
		patch.RateLimits = &rateLimits
	}
	if c.Quota != "" || c.NoQuota {
		quota, err := parseQuota(c.Quota)
		if err != nil {
			return patch, err
		}
		patch.Quota = &quota
	}
	if patch == (apikeys.KeyPatch{}) {
		return patch, misuse("nothing to change; give at least one of --name, --scope, --no-scopes, --ip, --any-ip, --expires, --no-expiry, --rate-limit, --no-rate-limits, --quota, --no-quota")
	}
	return patch, nil
}

// Run changes a key.
func (c *keysUpdateCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{}, func(ctx context.Context, d *desk) error {
		patch, err := c.patch(time.Now())
		if err != nil {
			return err
		}
		return d.changeKey(ctx, c.ID, "changed", func(ws *apikeys.Workspace, id domain.KeyID) error {
			_, err := ws.UpdateKey(ctx, id, patch, nil)
			return err
		})
	})
}

type keysDisableCmd struct {
	ID  string `arg:"" name:"key-id" help:"ID of the key."`
	Yes bool   `short:"y" help:"Do not ask."`
}

// Help is shown below the usage of the command.
func (keysDisableCmd) Help() string {
	return `  apikeys keys disable sk_live_4fKpLr9Xw2Qb7ZtN --yes --operator alice

Checks of the key are refused as DISABLED, by every replica within a second.`
}

// Run disables a key.
func (c *keysDisableCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{}, func(ctx context.Context, d *desk) error {
		if err := d.confirm(ctx, c.Yes, "disable", c.ID); err != nil {
			return err
		}
		return d.changeKey(ctx, c.ID, "disabled", func(ws *apikeys.Workspace, id domain.KeyID) error { return ws.DisableKey(ctx, id) })
	})
}

type keysEnableCmd struct {
	ID string `arg:"" name:"key-id" help:"ID of the key."`
}

// Help is shown below the usage of the command.
func (keysEnableCmd) Help() string { return `  apikeys keys enable sk_live_4fKpLr9Xw2Qb7ZtN` }

// Run enables a key.
func (c *keysEnableCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{}, func(ctx context.Context, d *desk) error {
		return d.changeKey(ctx, c.ID, "enabled", func(ws *apikeys.Workspace, id domain.KeyID) error { return ws.EnableKey(ctx, id) })
	})
}

type keysRotateCmd struct {
	ID     string        `arg:"" name:"key-id" help:"ID of the key."`
	Grace  time.Duration `default:"0s" placeholder:"DURATION" help:"How long the old secret still works, at most 168h (${default})."`
	Yes    bool          `short:"y" help:"Do not ask."`
	Secret secretFlags   `embed:""`
}

// Help is shown below the usage of the command.
func (keysRotateCmd) Help() string {
	return `  apikeys keys rotate sk_live_4fKpLr9Xw2Qb7ZtN --grace 24h --secret-file new.key
  apikeys keys rotate sk_live_4fKpLr9Xw2Qb7ZtN --yes --print-secret --quiet | store-secret

Without --grace the old secret stops working at once.`
}

// Run rotates the secret of a key.
func (c *keysRotateCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{peppers: true}, func(ctx context.Context, d *desk) error {
		key, err := d.key(ctx, c.ID)
		if err != nil {
			return err
		}
		if err := d.confirm(ctx, c.Yes, "rotate", c.ID); err != nil {
			return err
		}
		return d.withSecret(c.Secret, func() (newlyIssued, error) {
			return d.issuedKey(d.in(key.Snapshot().Workspace).RotateKey(ctx, key.ID(), c.Grace))
		})
	})
}

type keysDeleteCmd struct {
	ID  string `arg:"" name:"key-id" help:"ID of the key."`
	Yes bool   `short:"y" help:"Do not ask."`
}

// Help is shown below the usage of the command.
func (keysDeleteCmd) Help() string {
	return `  apikeys keys delete sk_live_4fKpLr9Xw2Qb7ZtN --yes

A deletion cannot be undone; if you are not sure, disable the key instead. The audit trail is kept.`
}

// Run deletes a key.
func (c *keysDeleteCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{}, func(ctx context.Context, d *desk) error {
		key, err := d.key(ctx, c.ID)
		if err != nil {
			return err
		}
		if err := d.confirm(ctx, c.Yes, "delete", c.ID); err != nil {
			return err
		}
		if err := d.in(key.Snapshot().Workspace).DeleteKey(ctx, key.ID()); err != nil {
			return err
		}
		d.say("%s: deleted", key.ID())
		switch {
		case d.of.Output == "json":
			return d.printJSON(map[string]any{"apiKeyId": key.ID(), "deleted": true})
		case d.of.Quiet:
			return d.printText(string(key.ID()))
		}
		return nil
	})
}
