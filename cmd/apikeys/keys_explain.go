package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

type keysExplainCmd struct {
	ID      string   `arg:"" optional:"" name:"key-id" help:"ID of the key, whose secret is then assumed to be right."`
	KeyFile string   `placeholder:"FILE" help:"Read the secret from this file, or from standard input if it is -, and check it as well."`
	Scope   []string `placeholder:"SCOPE,..." help:"Requested scopes; may be repeated."`
	IP      string   `name:"ip" placeholder:"IP" help:"Address of the caller. Without it, the address is unknown."`
	Cost    int64    `default:"1" placeholder:"N" help:"What the check spends from the limits of the key, 0 to 1000000 (${default})."`
	At      string   `placeholder:"TIME" help:"Time of the check, in RFC 3339. Without it, now."`
}

// Help is shown below the usage of the command.
func (keysExplainCmd) Help() string {
	return `  apikeys keys explain sk_live_4fKpLr9Xw2Qb7ZtN --scope payment:read --ip 192.0.2.7
  apikeys keys explain sk_live_4fKpLr9Xw2Qb7ZtN --at 2030-01-01T00:00:00Z
  apikeys keys explain --key-file - --scope payment:read < found.txt

The exit code is 0 if the check is allowed, 3 if there is no such key and 4 if it is refused otherwise. It does not count as use of the key. JSON: {"allowed", "reason", "steps": [{"step", "outcome", "detail"}]}.`
}

func (c *keysExplainCmd) question(in io.Reader) (apikeys.Question, error) {
	var q apikeys.Question
	switch {
	case (c.ID == "") == (c.KeyFile == ""):
		return q, misuse("give either a key ID or --key-file")
	case c.KeyFile != "":
		text, err := readKey(c.KeyFile, in)
		if err != nil {
			return q, &exitError{err, exitFailure}
		}
		q.Secret, _ = domain.ParsePresentedSecret(text) // a malformed one fails FORMAT
	default:
		if domain.HasSecret(c.ID) {
			return q, misuse("that is a secret, which does not belong on a command line; use --key-file, or write the key ID, its first 24 characters")
		}
		q.ByID = true
		q.KeyID, _ = domain.ParseKeyID(c.ID)
	}
	scopes, faults := domain.ParseScopes(c.Scope)
	if faults != nil {
		return q, misuse("--scope must have the form resource:action, such as payment:read")
	}
	q.Scopes = scopes.Codes()
	if c.IP != "" {
		addr, err := netip.ParseAddr(c.IP)
		if err != nil || addr.Zone() != "" {
			return q, misuse("--ip must be an IPv4 or IPv6 address")
		}
		q.Addr = addr
	}
	if q.Cost, faults = domain.ParseCost(c.Cost); faults != nil {
		return q, misuse("--cost must be 0 to 1000000")
	}
	if c.At != "" {
		at, faults := domain.ParseExpiry(c.At)
		if faults != nil {
			return q, misuse("--at must be an RFC 3339 time, such as 2030-01-31T09:30:00Z")
		}
		q.At = at
	}
	return q, nil
}

// readKey reads a secret from the file at path, or from in if path is "-".
func readKey(path string, in io.Reader) (string, error) {
	if path != "-" {
		return readSecretFile(path)
	}
	line, err := bufio.NewReader(io.LimitReader(in, maxSecretFile)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(line), nil
}

// explanationRecord is an explanation in JSON output, as over HTTP.
type explanationRecord struct {
	Allowed bool           `json:"allowed"`
	Reason  domain.Verdict `json:"reason"`
	Steps   []stepRecord   `json:"steps"`
}

type stepRecord struct {
	Step    domain.Step        `json:"step"`
	Outcome domain.StepOutcome `json:"outcome"`
	Detail  string             `json:"detail"`
}

// marks show the outcome of a step.
var marks = map[domain.StepOutcome]cell{
	domain.StepPass: {"✓", green},
	domain.StepFail: {"✗", red},
	domain.StepSkip: {"-", ""},
}

// Run explains a check.
func (c *keysExplainCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{peppers: c.KeyFile != ""}, func(ctx context.Context, d *desk) error {
		question, err := c.question(io.in)
		if err != nil {
			return err
		}
		explanation, err := d.service.Explain(ctx, question)
		if err != nil {
			return err
		}
		if err := d.printExplanation(explanation); err != nil {
			return err
		}
		switch {
		case explanation.Allowed():
			return nil
		case explanation.Steps[1].Outcome != domain.StepPass:
			return &exitError{domain.ErrKeyNotFound, exitNotFound}
		}
		return &exitError{errors.New("refused: " + string(explanation.Verdict)), exitRefused}
	})
}

func (d *desk) printExplanation(e apikeys.Explanation) error {
	record := explanationRecord{Allowed: e.Allowed(), Reason: e.Verdict}
	var table [][]cell
	for _, s := range e.Steps {
		detail := d.service.Text(s.Detail.Rule, s.Detail.Args)
		record.Steps = append(record.Steps, stepRecord{s.Step, s.Outcome, detail})
		table = append(table, []cell{marks[s.Outcome], {text: string(s.Step)}, {text: detail}})
	}
	switch {
	case d.of.Output == "json":
		return d.printJSON(record)
	case d.of.Quiet:
		return d.printText(string(e.Verdict))
	}
	return d.printRows(table)
}
