package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-isatty"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// secretFlags say where a new secret goes.
type secretFlags struct {
	SecretFile  string `xor:"secret" placeholder:"FILE" help:"Write the secret to this file, which must not exist, with mode 0600."`
	PrintSecret bool   `xor:"secret" help:"Write the secret to standard output even if that is not a terminal."`
}

// withSecret makes a key or a secret, and shows it where the flags say. The place is
// there before anything is made, so that no secret is made and then lost.
func (d *desk) withSecret(flags secretFlags, issue func() (apikeys.CreatedKey, error)) error {
	if flags.SecretFile == "" && !flags.PrintSecret && !isTerminal(d.io.out) {
		return misuse("standard output is not a terminal; give --secret-file FILE, or --print-secret to write the secret there")
	}
	var file *os.File
	if flags.SecretFile != "" {
		var err error
		if file, err = os.OpenFile(filepath.Clean(flags.SecretFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return &exitError{fmt.Errorf("--secret-file: %w", err), exitFailure}
		}
	}
	created, err := issue()
	if file == nil {
		if err != nil {
			return err
		}
		return d.printCreated(created.Key, created.Secret, "")
	}
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	_, err = file.WriteString(created.Secret.Reveal() + "\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("%s has a new secret, which could not be written to %s; rotate it: %w", created.Key.ID(), flags.SecretFile, err)
	}
	d.say("the secret is in %s", flags.SecretFile)
	return d.printCreated(created.Key, domain.Secret{}, flags.SecretFile)
}

// createdRecord is a key with a new secret in JSON output.
type createdRecord struct {
	keyRecord
	Secret     string `json:"secret,omitempty"`
	SecretFile string `json:"secretFile,omitempty"`
}

// printCreated shows a key and its secret, or only the key if that is in a file.
func (d *desk) printCreated(key *domain.APIKey, secret domain.Secret, file string) error {
	switch {
	case d.of.Quiet && secret.IsZero():
		return d.printText(string(key.ID()))
	case d.of.Quiet:
		return d.printText(secret.Reveal())
	case d.of.Output == "json":
		return d.printJSON(createdRecord{keyRecord: toKeyRecord(key), Secret: secret.Reveal(), SecretFile: file})
	}
	if err := d.printKey(key); err != nil || secret.IsZero() {
		return err
	}
	d.say("the secret is shown once and kept nowhere:")
	return d.printText("secret     " + secret.Reveal())
}

// confirm asks whether to do something to a key. Where nobody can be asked, --yes
// is required.
func (d *desk) confirm(ctx context.Context, yes bool, verb, id string) error {
	if yes {
		return nil
	}
	if !d.canAsk() {
		return cannotAsk(verb)
	}
	key, err := d.key(ctx, id)
	if err != nil {
		return err
	}
	s := key.Snapshot()
	return d.ask(false, fmt.Sprintf("%s %s, %q of workspace %s?", verb, s.ID, s.Name.String(), s.Workspace))
}

// cannotAsk is the error of what needs --yes where nobody can be asked.
func cannotAsk(what string) error {
	return misuse(what + " asks before it acts, and nobody can be asked here; give --yes")
}

// canAsk reports whether a person is there to be asked.
func (d *desk) canAsk() bool {
	in, ok := d.io.in.(*os.File)
	return ok && isatty.IsTerminal(in.Fd()) && isTerminal(d.io.err)
}

// ask returns an error unless yes is set or the answer to question is yes.
func (d *desk) ask(yes bool, question string) error {
	if yes {
		return nil
	}
	_, _ = fmt.Fprint(d.io.err, question+" [y/N] ")        // without standard error nobody answers
	answer, _ := bufio.NewReader(d.io.in).ReadString('\n') // the end of input is a no
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return &exitError{errors.New("nothing was changed"), exitRefused}
	}
	return nil
}
