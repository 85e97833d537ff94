package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// confirm asks whether to change a key. If nobody can be asked, --yes is required.
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

// cannotAsk returns the error of a command that needs --yes because nobody can be
// asked.
func cannotAsk(what string) error {
	return misuse(what + " asks before it acts, and nobody can be asked here; give --yes")
}

// canAsk reports whether there is a person to ask.
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
