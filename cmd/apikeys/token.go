package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/slaunchx/apikeys/cmd/apikeys/internal/dev"
	"github.com/slaunchx/apikeys/domain"
)

type tokenCmd struct {
	DevDir     string        `default:".apikeys-dev" placeholder:"DIR" help:"Directory of 'apikeys serve --dev' (${default})."`
	Workspace  string        `default:"demo" placeholder:"ID" help:"Workspace in which the token has a role (${default})."`
	Role       string        `default:"OWNER" enum:"OWNER,ADMIN,OPERATOR,VIEWER" help:"Role in that workspace: ${enum} (${default}). Only OWNER manages keys."`
	Portal     string        `default:"PARTNER" enum:"SYSTEM,TENANT,PARTNER,CONSUMER" help:"Portal: ${enum} (${default}). Only PARTNER creates TEST keys."`
	Account    string        `default:"demo-owner" placeholder:"ID" help:"Account of the token (${default})."`
	ClientHash string        `placeholder:"HASH" help:"Bind the token to the device with this X-Client-Hash."`
	TTL        time.Duration `name:"ttl" default:"12h" help:"How long the token is valid, such as 30m or 12h (${default})."`
}

// Help is shown below the usage of the command.
func (tokenCmd) Help() string {
	return `Only a service that runs with --dev in the same directory accepts the token.

  apikeys token --role ADMIN            is rejected by every management request
  apikeys token --portal CONSUMER       can create LIVE keys only`
}

// Run prints a token.
func (c *tokenCmd) Run(io streams) error {
	workspace, faults := domain.ParseWorkspaceID(c.Workspace)
	switch {
	case faults != nil:
		return misuse("--workspace must be 1 to 64 of A-Z a-z 0-9 _ -")
	case c.TTL <= 0:
		return misuse("--ttl must be positive")
	}
	token, err := dev.Token(c.DevDir, dev.Claims{
		Account:    c.Account,
		Portal:     domain.Portal(c.Portal),
		Roles:      map[domain.WorkspaceID]domain.Role{workspace: domain.Role(c.Role)},
		ClientHash: c.ClientHash,
		TTL:        c.TTL,
	})
	if errors.Is(err, dev.ErrNoIssuer) {
		return fmt.Errorf("%w; start 'apikeys serve --dev --dev-dir %s' once to create one", err, c.DevDir)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, token)
	return err
}
