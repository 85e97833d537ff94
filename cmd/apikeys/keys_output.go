package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"github.com/slaunchx/apikeys/domain"
)

// keyRecord is a key in JSON output. Fields may be added; none is renamed or
// removed.
type keyRecord struct {
	APIKeyID    domain.KeyID       `json:"apiKeyId"`
	WorkspaceID domain.WorkspaceID `json:"workspaceId"`
	Name        string             `json:"name"`
	Status      domain.Status      `json:"status"`
	Mode        string             `json:"mode"`
	Scopes      []string           `json:"scopes"`
	IPWhitelist []string           `json:"ipWhitelist"`
	CreatedAt   string             `json:"createdAt"`
	CreatedBy   string             `json:"createdBy"`
	LastUsedAt  *string            `json:"lastUsedAt"`
	ExpiresAt   *string            `json:"expiresAt"`
	RateLimits  []domain.Limit     `json:"rateLimits"`
	Quota       *domain.Limit      `json:"quota"`
}

func toKeyRecord(key *domain.APIKey) keyRecord {
	s := key.Snapshot()
	record := keyRecord{
		APIKeyID: s.ID, WorkspaceID: s.Workspace, Name: s.Name.String(), Status: key.Status(time.Now()), Mode: s.Mode.String(),
		Scopes: []string{}, IPWhitelist: []string{},
		CreatedAt: rfc3339(s.CreatedAt), CreatedBy: s.CreatedBy, LastUsedAt: orNull(s.LastUsedAt), ExpiresAt: orNull(s.ExpiresAt),
		RateLimits: append([]domain.Limit{}, s.RateLimits...),
	}
	if s.Quota != (domain.Limit{}) {
		record.Quota = &s.Quota
	}
	for code := range s.Scopes.All() {
		record.Scopes = append(record.Scopes, string(code))
	}
	for _, r := range s.IPWhitelist.Ranges() {
		record.IPWhitelist = append(record.IPWhitelist, r.String())
	}
	return record
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func orNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := rfc3339(t)
	return &text
}

// orDash returns the time, or a dash if there is none.
func orDash(t *string) string {
	if t == nil {
		return "-"
	}
	return *t
}

// say writes a line for people to standard error.
func (d *desk) say(format string, args ...any) {
	if !d.of.Quiet {
		_, _ = fmt.Fprintf(d.io.err, format+"\n", args...) // without standard error, nobody can be told
	}
}

// printText writes lines to standard output.
func (d *desk) printText(lines ...string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(d.io.out, line); err != nil {
			return err
		}
	}
	return nil
}

func (d *desk) printJSON(v any) error {
	encoder := json.NewEncoder(d.io.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// printLine writes a line of JSON Lines.
func (d *desk) printLine(v any) error {
	encoder := json.NewEncoder(d.io.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// Colours of ANSI terminals.
const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// colored returns text in a colour if standard output is a terminal and NO_COLOR is not
// set (no-color.org).
func (d *desk) colored(color, text string) string {
	if color == "" || !colorful(d.io.out) {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func colorful(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// cell is a cell of a table.
type cell struct{ text, color string }

func plainCells(texts ...string) []cell {
	cells := make([]cell, len(texts))
	for i, text := range texts {
		cells[i].text = text
	}
	return cells
}

func statusCell(status domain.Status) cell {
	colors := map[domain.Status]string{domain.StatusActive: green, domain.StatusDisabled: red, domain.StatusExpired: yellow}
	return cell{string(status), colors[status]}
}

// printTable writes rows below a head.
func (d *desk) printTable(head []string, rows [][]cell) error {
	first := plainCells(head...)
	for i := range first {
		first[i].color = bold
	}
	return d.printRows(append([][]cell{first}, rows...))
}

// printRows writes rows in columns that line up.
func (d *desk) printRows(rows [][]cell) error {
	widths := map[int]int{}
	for _, row := range rows {
		for i := range row {
			row[i].text = onOneLine(row[i].text)
			widths[i] = max(widths[i], columns(row[i].text))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, c := range row {
			line.WriteString(d.colored(c.color, c.text))
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-columns(c.text)+2))
			}
		}
		if err := d.printText(line.String()); err != nil {
			return err
		}
	}
	return nil
}

// onOneLine replaces characters that could move the cursor or hide text, because
// account IDs come from tokens that others issued.
func onOneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// columns returns the width of text in terminal columns.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.Is(unicode.Mn, r):
		case kind == width.EastAsianWide, kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// printKey writes all properties of a key, one on each line.
func (d *desk) printKey(key *domain.APIKey) error {
	r := toKeyRecord(key)
	return d.printRecord(r, r, rowsOf(r))
}

// printKeyAndLimits is like printKey, but also writes what is left of the limits of the
// key.
func (d *desk) printKeyAndLimits(key *domain.APIKey, left []domain.LimitState) error {
	r := toKeyRecord(key)
	rows := rowsOf(r)
	for i, state := range left {
		name := ""
		if i == 0 {
			name = "left"
		}
		rows = append(rows, plainCells(name, spelledState(state)))
	}
	return d.printRecord(r, struct {
		keyRecord
		Limits []domain.LimitState `json:"limits"`
	}{r, append([]domain.LimitState{}, left...)}, rows)
}

// printRecord writes a key in the form that the flags select: its ID, the given value as
// JSON, or the rows.
func (d *desk) printRecord(r keyRecord, asJSON any, rows [][]cell) error {
	switch {
	case d.of.Quiet:
		return d.printText(string(r.APIKeyID))
	case d.of.Output == "json":
		return d.printJSON(asJSON)
	}
	return d.printRows(rows)
}

// rowsOf returns a row for each property of a key.
func rowsOf(r keyRecord) [][]cell {
	row := func(name string, values ...string) []cell { return plainCells(name, strings.Join(values, ", ")) }
	return [][]cell{
		row("key", string(r.APIKeyID)),
		row("workspace", string(r.WorkspaceID)),
		row("name", r.Name),
		{{text: "status"}, statusCell(r.Status)},
		row("mode", r.Mode),
		row("scopes", orNone(r.Scopes, "none, so no access")...),
		row("addresses", orNone(r.IPWhitelist, "any")...),
		row("created", r.CreatedAt+" by "+r.CreatedBy),
		row("last used", orDash(r.LastUsedAt)),
		row("expires", orDash(r.ExpiresAt)),
		row("limits", orNone(spelledLimits(r.RateLimits), "none")...),
		row("quota", orNone(spelledQuota(r.Quota), "none")...),
	}
}

// spelledState returns what is left of a limit, such as "default 42 of 100, resets in 17s".
func spelledState(state domain.LimitState) string {
	text := fmt.Sprintf("%s %d of %d", state.Limit.Name, state.Remaining, state.Limit.Max)
	seconds, resets := state.ResetSeconds()
	switch {
	case !resets:
		return text + ", never resets"
	case seconds >= 2*86_400:
		return fmt.Sprintf("%s, resets in %d days", text, seconds/86_400)
	}
	return fmt.Sprintf("%s, resets in %s", text, time.Duration(seconds)*time.Second)
}

// spelledLimits returns rate limits in the form of the flag --rate-limit.
func spelledLimits(limits []domain.Limit) []string {
	var texts []string
	for _, l := range limits {
		texts = append(texts, l.String())
	}
	return texts
}

// spelledQuota returns a quota in the form of the flag --quota, or nil for nil.
func spelledQuota(quota *domain.Limit) []string {
	if quota == nil {
		return nil
	}
	return []string{quota.String()}
}

func orNone(list []string, none string) []string {
	if len(list) == 0 {
		return []string{none}
	}
	return list
}
