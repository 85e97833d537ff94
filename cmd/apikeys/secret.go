package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// secretFlags determine where a new secret is written.
type secretFlags struct {
	SecretFile  string `xor:"secret" placeholder:"FILE" help:"Write the secret to this file, which must not exist, with mode 0600."`
	PrintSecret bool   `xor:"secret" help:"Write the secret to standard output even if that is not a terminal."`
}

// newlyIssued is a key or a webhook with a new secret.
type newlyIssued struct {
	id     string
	secret interface{ Reveal() string }
	// show prints it with its secret, or with the name of the file that contains the
	// secret.
	show func(secret, file string) error
}

// withSecret calls issue and shows the secret where the flags say. It opens that place
// before it calls issue, so that no secret is created and then lost.
func (d *desk) withSecret(flags secretFlags, issue func() (newlyIssued, error)) error {
	if flags.SecretFile == "" {
		return d.printSecret(flags, issue)
	}
	file, err := os.OpenFile(filepath.Clean(flags.SecretFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &exitError{fmt.Errorf("--secret-file: %w", err), exitFailure}
	}
	created, err := issue()
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	_, err = file.WriteString(created.secret.Reveal() + "\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("%s has a new secret, which could not be written to %s; rotate it: %w", created.id, flags.SecretFile, err)
	}
	d.say("the secret is in %s", flags.SecretFile)
	return created.show("", flags.SecretFile)
}

func (d *desk) printSecret(flags secretFlags, issue func() (newlyIssued, error)) error {
	if !flags.PrintSecret && !isTerminal(d.io.out) {
		return misuse("standard output is not a terminal; give --secret-file FILE, or --print-secret to write the secret there")
	}
	created, err := issue()
	if err != nil {
		return err
	}
	return created.show(created.secret.Reveal(), "")
}

// issuedKey takes the results of the use cases that issue a secret of a key.
func (d *desk) issuedKey(created apikeys.CreatedKey, err error) (newlyIssued, error) {
	if err != nil {
		return newlyIssued{}, err
	}
	return newlyIssued{string(created.Key.ID()), created.Secret, func(secret, file string) error {
		return d.printCreated(created.Key, secret, file)
	}}, nil
}

// createdRecord is a key with a new secret in the JSON output.
type createdRecord struct {
	keyRecord
	Secret     string `json:"secret,omitempty"`
	SecretFile string `json:"secretFile,omitempty"`
}

// printCreated shows a key and its secret, or only the key if the secret is in a file.
func (d *desk) printCreated(key *domain.APIKey, secret, file string) error {
	switch {
	case d.of.Quiet && secret == "":
		return d.printText(string(key.ID()))
	case d.of.Quiet:
		return d.printText(secret)
	case d.of.Output == "json":
		return d.printJSON(createdRecord{keyRecord: toKeyRecord(key), Secret: secret, SecretFile: file})
	}
	if err := d.printKey(key); err != nil || secret == "" {
		return err
	}
	d.say("the secret is shown only now and is not stored:")
	return d.printText("secret     " + secret)
}
