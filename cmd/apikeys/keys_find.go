package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// path is a file on the command line. It may have any name, unlike a setting.
type path string

type keysFindCmd struct {
	Paths   []path `arg:"" optional:"" name:"file" help:"Files to read, or directories, including everything below them. - or no file means standard input."`
	Disable bool   `help:"Stop the found secrets that still work, by disabling their keys. For a superseded secret, only its grace period ends, and its key keeps working."`
	Yes     bool   `short:"y" help:"Do not ask before --disable."`
}

// Help is shown below the usage of the command.
func (keysFindCmd) Help() string {
	return `  apikeys keys find app.log
  apikeys keys find --disable --yes leaked.txt
  zcat dump.sql.gz | apikeys keys find --output json
  git log -p --all | apikeys keys find

It reads text and binary data of any size and shows which keys the secrets in it belong to, whether they still work, and where they were found. The secrets themselves are never shown. Symbolic links are not followed, and nothing is unpacked.

Exit codes: 0 if no secret that still works was found, or if all of those were stopped; 4 otherwise. JSON: {"items": [key with "state", "count" and "places"], "bytes": number of bytes read}.`
}

// Bounds of what is remembered of a search.
const (
	maxFound  = 100_000 // different secrets
	maxPlaces = 10      // of one secret
)

// The states of a found secret.
const (
	stateLive     = "LIVE"     // works
	stateDisabled = "DISABLED" // would work if the key were enabled
	stateExpired  = "EXPIRED"
	stateReplaced = "REPLACED" // by a rotation
	stateUnknown  = "UNKNOWN"  // belongs to no key, or to a deleted one
)

// place is where a secret was found.
type place struct {
	File string `json:"file"`
	Line int64  `json:"line"`
}

func (p place) String() string { return p.File + ":" + strconv.FormatInt(p.Line, 10) }

// finding is a secret that was found.
type finding struct {
	secret domain.Secret
	places []place
	count  int64
	state  string
	key    *domain.APIKey // nil if unknown
}

// search collects findings.
type search struct {
	findings map[string]*finding // by text of the secret
	order    []*finding
	bytes    int64
}

// Run finds secrets.
func (c *keysFindCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{peppers: true, time: true}, func(ctx context.Context, d *desk) error {
		if c.Disable && !c.Yes && (len(c.Paths) == 0 || !d.canAsk()) {
			return cannotAsk("--disable")
		}
		s := &search{findings: map[string]*finding{}}
		if err := s.read(ctx, d, c.Paths); err != nil {
			return err
		}
		for _, f := range s.order {
			if err := d.judge(ctx, f); err != nil {
				return err
			}
		}
		if c.Disable {
			if err := d.stopFound(ctx, s.order, c.Yes); err != nil {
				return err
			}
		}
		if err := d.printFindings(s); err != nil {
			return err
		}
		if live := s.live(); live > 0 {
			return &exitError{fmt.Errorf("%d secrets still work", live), exitRefused}
		}
		return nil
	})
}

func (s *search) live() (n int) {
	for _, f := range s.order {
		if f.state == stateLive {
			n++
		}
	}
	return n
}

// read searches all files.
func (s *search) read(ctx context.Context, d *desk, paths []path) error {
	if len(paths) == 0 {
		paths = []path{"-"}
	}
	bar := d.progress(sizeOf(paths), "searching")
	defer func() { _ = bar.Close() }() // an error would concern only the display
	for _, p := range paths {
		if p == "-" {
			if err := s.readFrom(ctx, "-", d.io.in, bar); err != nil {
				return err
			}
			continue
		}
		err := filepath.WalkDir(string(p), func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir(), name != string(p) && !entry.Type().IsRegular():
				return nil
			}
			return s.readFile(ctx, name, bar)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *search) readFile(ctx context.Context, name string, bar io.Writer) error {
	file, err := os.Open(filepath.Clean(name))
	if err != nil {
		return err
	}
	defer file.Close()
	return s.readFrom(ctx, name, file, bar)
}

func (s *search) readFrom(ctx context.Context, name string, r io.Reader, bar io.Writer) error {
	counted := &countingReader{ctx: ctx, r: r, bar: bar}
	err := domain.FindSecrets(counted, func(f domain.FoundSecret) error { return s.note(f, name) })
	s.bytes += counted.n
	if err != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// note remembers where a secret was found.
func (s *search) note(found domain.FoundSecret, file string) error {
	f := s.findings[found.Secret.Reveal()]
	if f == nil {
		if len(s.order) == maxFound {
			return fmt.Errorf("more than %d different secrets; search a part at a time", maxFound)
		}
		f = &finding{secret: found.Secret}
		s.findings[found.Secret.Reveal()] = f
		s.order = append(s.order, f)
	}
	if f.count++; len(f.places) < maxPlaces {
		f.places = append(f.places, place{File: file, Line: found.Line})
	}
	return nil
}

// countingReader counts the bytes that are read, and returns an error when its context
// ends.
type countingReader struct {
	ctx context.Context //nolint:containedctx // a Reader has no other way to end
	r   io.Reader
	bar io.Writer
	n   int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	_, _ = c.bar.Write(p[:n]) // only counts
	return n, err
}

// sizeOf returns the number of bytes in the files, or -1 if it is not known.
func sizeOf(paths []path) int64 {
	var size int64
	for _, p := range paths {
		info, err := os.Stat(string(p))
		if p == "-" || err != nil || !info.Mode().IsRegular() {
			return -1
		}
		size += info.Size()
	}
	return size
}

// progress returns a bar that shows the rate and the remaining time on standard error,
// if that is a terminal.
func (d *desk) progress(size int64, doing string) io.WriteCloser {
	if d.of.Quiet || !isTerminal(d.io.err) {
		return silent{}
	}
	return progressbar.NewOptions64(size, progressbar.OptionSetWriter(d.io.err), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetDescription(doing))
}

// silent is a bar that nobody sees.
type silent struct{}

func (silent) Write(p []byte) (int, error) { return len(p), nil }

func (silent) Close() error { return nil }

// judge finds out which key a secret belongs to and whether it works, leaving aside
// scopes and addresses.
func (d *desk) judge(ctx context.Context, f *finding) error {
	e, err := d.service.Explain(ctx, apikeys.Question{Check: apikeys.Check{Secret: f.secret}})
	if err != nil {
		return err
	}
	f.state = stateLive
	for _, s := range e.Steps {
		if s.Outcome != domain.StepFail {
			continue
		}
		states := map[domain.Step]string{
			domain.StepFound: stateUnknown, domain.StepSecret: stateReplaced, domain.StepStatus: stateDisabled, domain.StepExpiry: stateExpired,
		}
		f.state = cmp.Or(states[s.Step], stateLive)
	}
	if f.state == stateUnknown {
		return nil
	}
	key, err := d.service.Operator(d.operator).FindKey(ctx, f.secret.KeyID())
	if isNotFound(err) { // deleted meanwhile
		f.state = stateUnknown
		return nil
	}
	f.key = key
	return err
}

// stopFound stops the secrets that work.
func (d *desk) stopFound(ctx context.Context, found []*finding, yes bool) error {
	var live []*finding
	for _, f := range found {
		if f.state == stateLive {
			live = append(live, f)
		}
	}
	if len(live) == 0 {
		return nil
	}
	if err := d.ask(yes, fmt.Sprintf("stop %d secrets?", len(live))); err != nil {
		return err
	}
	for _, f := range live {
		leaked := apikeys.LeakedSecret{Secret: f.secret, Source: domain.LeakSource(f.places[0].String())}
		outcome, err := d.service.Operator(d.operator).StopLeaked(ctx, leaked, domain.Origin{})
		if err != nil {
			return fmt.Errorf("%s: %w", f.key.ID(), err)
		}
		d.sayStopped(f.key.ID(), outcome)
		if err := d.judge(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (d *desk) sayStopped(id domain.KeyID, outcome domain.LeakOutcome) {
	switch outcome {
	case domain.LeakDisabled:
		d.say("%s: disabled", id)
	case domain.LeakEnded:
		d.say("%s: the superseded secret ended; the key works with its current one", id)
	default:
		d.say("%s: had already stopped working", id)
	}
}

// foundRecord is a finding in the JSON output. For an unknown key it contains only the
// ID.
type foundRecord struct {
	State  string  `json:"state"`
	Count  int64   `json:"count"`
	Places []place `json:"places"`
	keyRecord
}

func (d *desk) printFindings(s *search) error {
	slices.SortStableFunc(s.order, func(a, b *finding) int { return rank(a) - rank(b) })
	if d.of.Output == "json" {
		return d.printFindingsJSON(s)
	}
	if len(s.order) == 0 {
		d.say("no secrets in %d bytes", s.bytes)
		return nil
	}
	var table [][]cell
	for _, f := range s.order {
		if d.of.Quiet {
			if err := d.printText(string(f.secret.KeyID())); err != nil {
				return err
			}
			continue
		}
		table = append(table, f.row())
	}
	if d.of.Quiet {
		return nil
	}
	return d.printTable([]string{"KEY", "STATE", "WORKSPACE", "NAME", "SCOPES", "CREATED", "LAST USED", "FOUND AT"}, table)
}

// rank returns the position of a finding in the output: secrets that work come first.
func rank(f *finding) int {
	return slices.Index([]string{stateLive, stateDisabled, stateExpired, stateReplaced, stateUnknown}, f.state)
}

func (f *finding) row() []cell {
	places := make([]string, 0, len(f.places))
	for _, p := range f.places[:min(3, len(f.places))] {
		places = append(places, p.String())
	}
	where := strings.Join(places, " ")
	if more := f.count - int64(len(places)); more > 0 {
		where += fmt.Sprintf(" and %d more", more)
	}
	row := plainCells(string(f.secret.KeyID()), f.state, "-", "-", "-", "-", "-", where)
	row[1].color = map[string]string{stateLive: red, stateDisabled: yellow}[f.state]
	if f.key == nil {
		return row
	}
	r := toKeyRecord(f.key)
	row[2].text, row[3].text, row[4].text = string(r.WorkspaceID), r.Name, cmp.Or(strings.Join(r.Scopes, ","), "-")
	row[5].text, row[6].text = r.CreatedAt, orDash(r.LastUsedAt)
	return row
}

func (d *desk) printFindingsJSON(s *search) error {
	records := []any{}
	for _, f := range s.order {
		if f.key == nil {
			records = append(records, map[string]any{"state": f.state, "count": f.count, "places": f.places, "apiKeyId": f.secret.KeyID()})
			continue
		}
		records = append(records, foundRecord{State: f.state, Count: f.count, Places: f.places, keyRecord: toKeyRecord(f.key)})
	}
	return d.printJSON(struct {
		Items []any `json:"items"`
		Bytes int64 `json:"bytes"`
	}{records, s.bytes})
}
