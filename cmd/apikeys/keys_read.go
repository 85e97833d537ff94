package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

type keysListCmd struct {
	Status string `placeholder:"STATUS" help:"Only keys that are ACTIVE, DISABLED or EXPIRED."`
	Mode   string `placeholder:"MODE" help:"Only LIVE or only TEST keys."`
	Name   string `placeholder:"TEXT" help:"Only keys with this text in their name, ignoring case."`
	Sort   string `default:"createdAt,desc" placeholder:"ORDER" help:"createdAt or name, followed by ,asc or ,desc (${default})."`
	Limit  int    `default:"1000" placeholder:"N" help:"Maximum number of keys to list; 0 lists all (${default})."`
}

// Help is shown below the usage of the command.
func (keysListCmd) Help() string {
	return `  apikeys keys list --workspace ws_1
  apikeys keys list --status EXPIRED --sort name,asc
  apikeys keys list --limit 0 --output json > keys.json
  apikeys keys list --workspace ws_1 --quiet | xargs -n 1 apikeys keys disable --yes

JSON: {"items": [key, ...], "total": number of all that match}.`
}

func (c *keysListCmd) filter() (filter domain.KeyFilter, order domain.Order, err error) {
	var faults domain.Faults
	if c.Status != "" {
		filter.Status, faults = domain.ParseStatus(c.Status)
	}
	if c.Mode != "" && faults == nil {
		filter.Mode, faults = domain.ParseModeName(c.Mode)
	}
	if c.Name != "" && faults == nil {
		filter.Name, faults = domain.ParseNamePart(c.Name)
	}
	if faults == nil {
		order, faults = domain.ParseOrder(c.Sort)
	}
	if c.Limit < 0 {
		return filter, order, misuse("--limit must not be negative")
	}
	return filter, order, faults.Err()
}

// Run lists keys.
func (c *keysListCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{}, func(ctx context.Context, d *desk) error {
		filter, order, err := c.filter()
		if err != nil {
			return err
		}
		keys, total, err := d.list(ctx, filter, order, c.Limit)
		if err != nil {
			return err
		}
		return d.printList(keys, total)
	})
}

// list returns the matching keys, at most limit if it is not 0, and the total number of
// matching keys.
func (d *desk) list(ctx context.Context, filter domain.KeyFilter, order domain.Order, limit int) (keys []*domain.APIKey, total int64, _ error) {
	err := d.eachPage(ctx, filter, order, func(page []*domain.APIKey, matching int64) (more bool, _ error) {
		keys, total = append(keys, page...), matching
		return limit == 0 || len(keys) < limit, nil
	})
	if err != nil {
		return nil, 0, err
	}
	if limit > 0 && len(keys) > limit {
		keys = keys[:limit]
	}
	return keys, total, nil
}

// eachPage calls do with each page of the matching keys of the named workspace, or of
// all workspaces if none was named, and with the total number of matching keys, until
// do returns false or an error.
func (d *desk) eachPage(ctx context.Context, filter domain.KeyFilter, order domain.Order, do func(keys []*domain.APIKey, total int64) (more bool, _ error)) error {
	read := d.service.Operator(d.operator).ListKeys
	if d.workspace != "" {
		read = d.in(d.workspace).ListKeys
	}
	for number := int64(0); ; number++ {
		page, faults := domain.NewPage(number, domain.MaxPageSize)
		if faults != nil {
			return faults
		}
		found, err := read(ctx, filter, order, page)
		if err != nil {
			return err
		}
		more, err := do(found.Keys, found.Total)
		if err != nil || !more || len(found.Keys) < domain.MaxPageSize {
			return err
		}
	}
}

func (d *desk) printList(keys []*domain.APIKey, total int64) error {
	records := make([]keyRecord, len(keys))
	for i, key := range keys {
		records[i] = toKeyRecord(key)
	}
	if int64(len(keys)) < total {
		d.say("%d of %d keys; --limit 0 lists all", len(keys), total)
	}
	switch {
	case d.of.Quiet:
		for _, r := range records {
			if err := d.printText(string(r.APIKeyID)); err != nil {
				return err
			}
		}
		return nil
	case d.of.Output == "json":
		return d.printJSON(struct {
			Items []keyRecord `json:"items"`
			Total int64       `json:"total"`
		}{records, total})
	case len(records) == 0:
		d.say("no keys")
		return nil
	}
	var table [][]cell
	for _, r := range records {
		row := plainCells(string(r.APIKeyID), string(r.WorkspaceID), r.Name, "", strconv.Itoa(len(r.Scopes)), r.CreatedAt, orDash(r.LastUsedAt), orDash(r.ExpiresAt))
		row[3] = statusCell(r.Status)
		table = append(table, row)
	}
	return d.printTable([]string{"KEY", "WORKSPACE", "NAME", "STATUS", "SCOPES", "CREATED", "LAST USED", "EXPIRES"}, table)
}

type keysShowCmd struct {
	ID string `arg:"" name:"key-id" help:"ID of the key."`
}

// Help is shown below the usage of the command.
func (keysShowCmd) Help() string {
	return `  apikeys keys show sk_live_4fKpLr9Xw2Qb7ZtN
  apikeys keys show sk_live_4fKpLr9Xw2Qb7ZtN --output json | jq -r .workspaceId

What is left of limits does not include what running services have leased but not spent. JSON: a key, then "limits": [{"name", "limit", "remaining", "resetSeconds"}].`
}

// Run shows a key.
func (c *keysShowCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{}, func(ctx context.Context, d *desk) error {
		key, err := d.key(ctx, c.ID)
		if err != nil {
			return err
		}
		left, err := d.in(key.Snapshot().Workspace).KeyLimits(ctx, key.ID())
		if err != nil {
			return err
		}
		return d.printKeyAndLimits(key, left)
	})
}

type keysEventsCmd struct {
	ID    string `arg:"" name:"key-id" help:"ID of the key. For a deleted one, --workspace is required."`
	Limit int    `default:"100" placeholder:"N" help:"Maximum number of events to show, newest first, 1 to 100 (${default})."`
}

// Help is shown below the usage of the command.
func (keysEventsCmd) Help() string {
	return `  apikeys keys events sk_live_4fKpLr9Xw2Qb7ZtN
  apikeys keys events sk_live_4fKpLr9Xw2Qb7ZtN --workspace ws_1 --output json

JSON: {"items": [event, ...], "total": number of all events}.`
}

// eventRecord is an event in JSON output. Fields may be added; none is renamed or
// removed.
type eventRecord struct {
	EventID    string           `json:"eventId"`
	Type       domain.EventType `json:"type"`
	At         string           `json:"at"`
	AccountID  string           `json:"accountId"`
	Portal     domain.Portal    `json:"portal"`
	ClientHash string           `json:"clientHash"`
	IP         *string          `json:"ip"`
	RequestID  string           `json:"requestId"`
	Changes    []changeRecord   `json:"changes"`
}

type changeRecord struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

func toEventRecord(e domain.Event) eventRecord {
	record := eventRecord{
		EventID: e.ID, Type: e.Type, At: rfc3339(e.At), AccountID: e.By.AccountID, Portal: e.By.Portal,
		ClientHash: e.By.ClientHash, RequestID: e.By.RequestID, Changes: []changeRecord{},
	}
	if e.By.IP.IsValid() {
		ip := e.By.IP.String()
		record.IP = &ip
	}
	for _, c := range e.Changes {
		record.Changes = append(record.Changes, changeRecord(c))
	}
	return record
}

// Run shows the audit trail of a key.
func (c *keysEventsCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{}, func(ctx context.Context, d *desk) error {
		page, faults := domain.NewPage(0, int64(c.Limit))
		if faults != nil {
			return misuse("--limit must be 1 to 100")
		}
		workspace, id := d.workspace, domain.KeyID(c.ID)
		if key, err := d.key(ctx, c.ID); err == nil {
			workspace = key.Snapshot().Workspace
		} else if workspace == "" || !isNotFound(err) {
			return err
		}
		events, err := d.in(workspace).KeyEvents(ctx, id, page)
		if err != nil {
			return err
		}
		if events.Total == 0 {
			return fmt.Errorf("%s: %w", id, domain.ErrKeyNotFound)
		}
		return d.printEvents(events.Events, events.Total)
	})
}

func (d *desk) printEvents(events []domain.Event, total int64) error {
	records := make([]eventRecord, len(events))
	for i, e := range events {
		records[i] = toEventRecord(e)
	}
	if d.of.Output == "json" {
		return d.printJSON(struct {
			Items []eventRecord `json:"items"`
			Total int64         `json:"total"`
		}{records, total})
	}
	var table [][]cell
	for _, r := range records {
		var changes []string
		for _, c := range r.Changes {
			changes = append(changes, fmt.Sprintf("%s: %s → %s", c.Field, valueText(c.Old), valueText(c.New)))
		}
		table = append(table, plainCells(r.At, string(r.Type), r.AccountID, orDash(r.IP), strings.Join(changes, "; ")))
	}
	return d.printTable([]string{"AT", "EVENT", "BY", "FROM", "CHANGES"}, table)
}

func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case []string:
		return "[" + strings.Join(v, " ") + "]"
	}
	return fmt.Sprint(v)
}
