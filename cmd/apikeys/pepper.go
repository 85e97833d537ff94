package main

import (
	"fmt"

	"github.com/slaunchx/apikeys"
)

type pepperCmd struct {
	New          pepperNewCmd    `cmd:"" default:"withargs" help:"Create a pepper. 'apikeys pepper' is short for this command."`
	RotateStatus pepperStatusCmd `cmd:"" help:"Show how many secrets depend on each pepper."`
}

type pepperNewCmd struct {
	ID string `default:"p1" placeholder:"ID" help:"Name of the pepper, unique in APIKEYS_PEPPERS: 1 to 32 of A-Z a-z 0-9 _ - (${default})."`
}

// Help is shown below the usage of the command.
func (pepperNewCmd) Help() string {
	return `Put the entry into APIKEYS_PEPPERS, or better into a file that APIKEYS_PEPPERS_FILE names:

  (umask 077 && set -C && apikeys pepper > peppers)

set -C protects an existing file: if its pepper were lost, every key would be too.

To rotate peppers, append a new entry, after a comma, on every replica and restart each replica; then move the entry to the front in the same way. Keep the old peppers: secrets hashed under a removed pepper are rejected. 'apikeys pepper rotate-status' shows when no secret depends on a pepper any longer.`
}

// Run prints a new entry.
func (c *pepperNewCmd) Run(io streams) error {
	entry, err := apikeys.NewPepper(c.ID)
	if err != nil {
		return misuse("--id: " + err.Error())
	}
	_, err = fmt.Fprintln(io.out, entry)
	return err
}
