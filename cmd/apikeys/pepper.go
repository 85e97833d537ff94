package main

import (
	"fmt"

	"github.com/slaunchx/apikeys"
)

type pepperCmd struct {
	ID string `default:"p1" placeholder:"ID" help:"Name of the pepper, unlike any other in the ring: 1 to 32 of A-Z a-z 0-9 _ - (${default})."`
}

// Help is shown below the usage of the command.
func (pepperCmd) Help() string {
	return `The entry goes into APIKEYS_PEPPERS, or better into a file that APIKEYS_PEPPERS_FILE names:

  (umask 077 && set -C && apikeys pepper > peppers)

set -C keeps a file that exists: its pepper would be lost, and with it every key.

To change peppers, append a new entry, after a comma, on every replica and restart each; then move it to the front, likewise. Keep the old ones: secrets hashed under a pepper that is gone are refused.`
}

// Run prints a new entry.
func (c *pepperCmd) Run(io streams) error {
	entry, err := apikeys.NewPepper(c.ID)
	if err != nil {
		return misuse("--id: " + err.Error())
	}
	_, err = fmt.Fprintln(io.out, entry)
	return err
}
