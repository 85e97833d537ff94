package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

type importCmd struct {
	File      path              `arg:"" help:"File to read; - is standard input."`
	Format    string            `required:"" enum:"unkey,better-auth,sanctum,prefixed,knox,plain" help:"How the other system stores its keys: ${enum}."`
	Workspace string            `short:"w" required:"" placeholder:"ID" help:"Workspace that gets the keys."`
	Column    map[string]string `placeholder:"PROPERTY=COLUMN" mapsep:"," help:"Column of the file with a property of the keys, if it is not the usual one of the format; may be repeated."`
	Scope     []string          `placeholder:"SCOPE,..." help:"Scopes of every key, instead of those in the file; may be repeated."`
	DryRun    bool              `help:"Check the file and change nothing."`
	Output    string            `short:"o" default:"table" enum:"table,json" help:"How rejected rows and the totals are written: ${enum} (${default})."`
	Quiet     bool              `short:"q" help:"Write nothing but rejected rows and errors."`
	Operator  string            `placeholder:"NAME" help:"Your name in the audit trail, as operator:NAME (that of your account on this machine)."`
	Settings  settings          `embed:""`
}

// Help is shown below the usage of the command.
func (importCmd) Help() string {
	return `Keys that another system issued keep working, and their holders notice nothing. The file is CSV (RFC 4180) with a header row, or JSON Lines. It is read row by row and may have any size.

  apikeys import --format unkey --workspace ws_1 --dry-run keys.csv
  apikeys import --format sanctum --workspace ws_1 --scope report:read tokens.csv
  apikeys import --format plain --workspace ws_1 --column secret=apikey,name=consumer keys.jsonl

Formats, with the column of the secret:
  unkey        hash: Base64 of SHA-256
  better-auth  key: Base64url of SHA-256
  sanctum      token: SHA-256 of what follows the first | (Laravel)
  prefixed     longTokenHash: SHA-256 of what follows the last _ (prefixed-api-key)
  knox         digest: SHA-512, without a salt (django-rest-knox)
  plain        key: the key itself (Kong, Tyk)

Properties: secret, name, scopes, expires, ips, enabled, deleted. A key without a name is given one. Scopes and addresses are lists: a JSON array, or separated by commas or spaces. A row is rejected, with its line and the reason, if one of its properties is not valid in this service, if the key has expired or was deleted, or if its secret is a password hash or has fewer than 128 random bits. Nothing of a rejected row is stored.

A key is imported only once. After an interruption, or once rejected rows are corrected, run the same command again: it does not touch keys that were imported before, even if they were changed or deleted since. APIKEYS_MAX_KEYS_PER_WORKSPACE applies.

Exit codes: 0 if no row was rejected; 4 otherwise. JSON: a line {"line", "reason"} for each rejected row, and a last line {"imported", "existed", "rejected", "dryRun"}.`
}

// importedAtATime is the number of rows that are imported together.
const importedAtATime = 512

// Run imports keys.
func (c *importCmd) Run(ctx context.Context, given *inputs, io streams) error {
	keys := &keysCmd{Workspace: c.Workspace, Output: c.Output, Quiet: c.Quiet, Operator: c.Operator, Settings: c.Settings}
	return keys.work(ctx, given, io, needs{peppers: true, time: true}, func(ctx context.Context, d *desk) error {
		layout, err := layoutOf(domain.ForeignFormat(c.Format), c.Column, c.Scope)
		if err != nil {
			return err
		}
		file, err := openInput(c.File, io.in)
		if err != nil {
			return err
		}
		defer file.Close()
		bar := d.progress(sizeOf([]path{c.File}), "importing")
		defer func() { _ = bar.Close() }() // an error would concern only the display
		rows, err := newRows(&countingReader{ctx: ctx, r: file, bar: bar})
		if err != nil {
			return err
		}
		if err := layout.check(rows.head); err != nil {
			return err
		}
		run := &importing{desk: d, layout: layout, dryRun: c.DryRun}
		err = run.all(ctx, rows)
		_ = bar.Close()
		return run.conclude(err)
	})
}

// openInput opens a file, or standard input.
func openInput(name path, in io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(in), nil
	}
	return os.Open(filepath.Clean(string(name)))
}

// importing imports the rows of a file.
type importing struct {
	desk   *desk
	layout layout
	dryRun bool

	imported, existed, rejected int
}

// batch is a number of consecutive rows of a file.
type batch struct {
	specs    []domain.ForeignKeySpec
	lines    []int // of specs
	rejected []*rowError
}

// all imports all rows.
func (i *importing) all(ctx context.Context, rows *rows) error {
	for {
		b, err := i.next(rows)
		if failed := i.together(ctx, b); failed != nil {
			return failed
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// next reads the next batch. If it returns an error, the batch contains the rows before
// it.
func (i *importing) next(rows *rows) (b batch, err error) {
	for len(b.specs)+len(b.rejected) < importedAtATime {
		row, err := rows.next()
		fault, faulty := errors.AsType[*rowError](err)
		if err != nil && !faulty {
			return b, err
		}
		if faulty {
			b.rejected = append(b.rejected, fault)
			continue
		}
		spec, err := i.layout.spec(row)
		if err != nil {
			b.rejected = append(b.rejected, &rowError{row.line, err.Error()})
			continue
		}
		b.specs, b.lines = append(b.specs, spec), append(b.lines, row.line)
	}
	return b, nil
}

// together imports a batch, counts the outcomes, and reports the rejected rows.
func (i *importing) together(ctx context.Context, b batch) error {
	results, err := i.desk.in(i.desk.workspace).ImportKeys(ctx, b.specs, i.dryRun)
	if err != nil {
		return err
	}
	for n, result := range results {
		switch {
		case result.Err != nil:
			b.rejected = append(b.rejected, &rowError{b.lines[n], i.desk.reason(result.Err)})
		case result.Existed:
			i.existed++
		default:
			i.imported++
		}
	}
	slices.SortFunc(b.rejected, func(a, b *rowError) int { return a.line - b.line })
	for _, r := range b.rejected {
		if err := i.reject(r); err != nil {
			return err
		}
	}
	return nil
}

// reason returns the text of an error about one row.
func (d *desk) reason(err error) string {
	faults, ok := errors.AsType[domain.Faults](err)
	if !ok {
		return err.Error()
	}
	var texts []string
	for _, f := range faults {
		texts = append(texts, d.service.Text(f.Rule, f.Placeholders()))
	}
	return strings.Join(texts, "; ")
}

// reject reports a row.
func (i *importing) reject(r *rowError) error {
	i.rejected++
	if i.desk.of.Output == "json" {
		return i.desk.printLine(struct {
			Line   int    `json:"line"`
			Reason string `json:"reason"`
		}{r.line, r.reason})
	}
	return i.desk.printText(onOneLine(r.Error()))
}

// conclude reports the totals and returns the error of the command.
func (i *importing) conclude(err error) error {
	if i.desk.of.Output == "json" {
		written := i.desk.printLine(struct {
			Imported int  `json:"imported"`
			Existed  int  `json:"existed"`
			Rejected int  `json:"rejected"`
			DryRun   bool `json:"dryRun"`
		}{i.imported, i.existed, i.rejected, i.dryRun})
		err = errors.Join(err, written)
	}
	done := "imported"
	if i.dryRun {
		done = "to be imported"
	}
	i.desk.say("%d %s, %d there already, %d rejected", i.imported, done, i.existed, i.rejected)
	switch {
	case err != nil:
		return fmt.Errorf("interrupted; run the command again to continue: %w", err)
	case i.rejected == 0:
		return nil
	}
	return &exitError{fmt.Errorf("%d rows were rejected", i.rejected), exitRefused}
}
