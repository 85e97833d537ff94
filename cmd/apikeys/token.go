package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

type tokenCmd struct {
	DevDir     string        `default:".apikeys-dev" placeholder:"DIR" help:"Directory that 'apikeys serve --dev' has made (${default})."`
	Workspace  string        `default:"demo" placeholder:"ID" help:"Workspace the token has a role in (${default})."`
	Role       string        `default:"OWNER" enum:"OWNER,ADMIN,OPERATOR,VIEWER" help:"Role in that workspace: ${enum} (${default}). Only OWNER manages keys."`
	Portal     string        `default:"PARTNER" enum:"SYSTEM,TENANT,PARTNER,CONSUMER" help:"Portal: ${enum} (${default}). Only PARTNER makes TEST keys."`
	Account    string        `default:"demo-owner" placeholder:"ID" help:"Account the token speaks for (${default})."`
	ClientHash string        `placeholder:"HASH" help:"Bind the token to the device with this X-Client-Hash."`
	TTL        time.Duration `name:"ttl" default:"12h" help:"How long the token is good, such as 30m or 12h (${default})."`
}

// Help is shown below the usage of the command.
func (tokenCmd) Help() string {
	return `Only a service that runs with --dev on the same directory trusts the token.

  apikeys token --role ADMIN            is refused by every management request
  apikeys token --portal CONSUMER       makes LIVE keys only`
}

// Run prints a token.
func (c *tokenCmd) Run(io streams) error {
	workspace, faults := domain.ParseWorkspaceID(c.Workspace)
	switch {
	case faults != nil:
		return misuse("--workspace must be 1 to 64 of A-Z a-z 0-9 _ -")
	case c.TTL <= 0:
		return misuse("--ttl must be longer than nothing")
	}
	token, err := apikeys.DevToken(c.DevDir, apikeys.DevClaims{
		Account:    c.Account,
		Portal:     domain.Portal(c.Portal),
		Roles:      map[domain.WorkspaceID]domain.Role{workspace: domain.Role(c.Role)},
		ClientHash: c.ClientHash,
		TTL:        c.TTL,
	})
	if errors.Is(err, apikeys.ErrNoDevIssuer) {
		return fmt.Errorf("%w; start 'apikeys serve --dev --dev-dir %s' once to make one", err, c.DevDir)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, token)
	return err
}
