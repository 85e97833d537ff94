package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

type keysUsageCmd struct {
	ID   string `arg:"" name:"key-id" help:"ID of the key."`
	From string `placeholder:"DATE" help:"First day, in UTC. Without --from and --to: the last 30 days."`
	To   string `placeholder:"DATE" help:"Last day, in UTC, at most 92 days in all."`
}

// Help is shown below the usage of the command.
func (keysUsageCmd) Help() string {
	return `  apikeys keys usage sk_live_4fKpLr9Xw2Qb7ZtN
  apikeys keys usage sk_live_4fKpLr9Xw2Qb7ZtN --from 2026-03-01 --to 2026-03-31 --output json

Running services write their counts every 5 s. JSON: {"days": [{"date", "allowed", "denied": {reason: number}}], "scopes": [{"scope", "lastUsedAt"}], "previousSecret": {"validUntil", "lastUsedAt"} or null}.`
}

func (c *keysUsageCmd) days(now time.Time) (domain.DayRange, error) {
	if c.From == "" && c.To == "" {
		return domain.LastDays(now), nil
	}
	from, fromFaults := domain.ParseDay(c.From)
	to, toFaults := domain.ParseDay(c.To)
	if fromFaults != nil || toFaults != nil {
		return domain.DayRange{}, misuse("--from and --to must both be dates, such as 2026-03-01")
	}
	days, faults := domain.NewDayRange(from, to, now)
	if faults != nil {
		return domain.DayRange{}, misuse("--from and --to must not be in the future and must span 1 to 92 days")
	}
	return days, nil
}

// Run shows the usage of a key.
func (c *keysUsageCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{}, func(ctx context.Context, d *desk) error {
		days, err := c.days(time.Now())
		if err != nil {
			return err
		}
		key, err := d.key(ctx, c.ID)
		if err != nil {
			return err
		}
		usage, err := d.in(key.Snapshot().Workspace).KeyUsage(ctx, key.ID(), days)
		if err != nil {
			return err
		}
		return d.printUsage(usage)
	})
}

// usageRecord is the usage of a key in JSON output, as over HTTP.
type usageRecord struct {
	Days           []dayRecord     `json:"days"`
	Scopes         []scopeRecord   `json:"scopes"`
	PreviousSecret *previousRecord `json:"previousSecret"`
}

type dayRecord struct {
	Date    string                   `json:"date"`
	Allowed int64                    `json:"allowed"`
	Denied  map[domain.Verdict]int64 `json:"denied"`
}

type scopeRecord struct {
	Scope      domain.Scope `json:"scope"`
	LastUsedAt *string      `json:"lastUsedAt"`
}

type previousRecord struct {
	ValidUntil string  `json:"validUntil"`
	LastUsedAt *string `json:"lastUsedAt"`
}

func toUsageRecord(usage domain.KeyUsage) usageRecord {
	record := usageRecord{Days: []dayRecord{}, Scopes: []scopeRecord{}}
	for _, day := range usage.Days {
		record.Days = append(record.Days, dayRecord{Date: day.Day.String(), Allowed: day.Allowed, Denied: day.Denied})
	}
	for _, scope := range usage.Scopes {
		record.Scopes = append(record.Scopes, scopeRecord{Scope: scope.Scope, LastUsedAt: orNull(scope.LastUsedAt)})
	}
	if p := usage.PreviousSecret; p != nil {
		record.PreviousSecret = &previousRecord{ValidUntil: rfc3339(p.ValidUntil), LastUsedAt: orNull(p.LastUsedAt)}
	}
	return record
}

func (d *desk) printUsage(usage domain.KeyUsage) error {
	record := toUsageRecord(usage)
	if d.of.Output == "json" {
		return d.printJSON(record)
	}
	most := int64(0)
	for _, day := range usage.Days {
		most = max(most, day.Allowed+denied(day))
	}
	var table [][]cell
	for _, day := range usage.Days {
		row := plainCells(day.Day.String(), strconv.FormatInt(day.Allowed, 10), strconv.FormatInt(denied(day), 10), "", reasons(day.Denied))
		row[3] = cell{text: bar(day, most)}
		table = append(table, row)
	}
	if err := d.printTable([]string{"DATE", "ALLOWED", "DENIED", "█ allowed ░ denied", ""}, table); err != nil {
		return err
	}
	scopes := make([][]cell, 0, len(record.Scopes))
	for _, scope := range record.Scopes {
		scopes = append(scopes, plainCells(string(scope.Scope), orDash(scope.LastUsedAt)))
	}
	if len(scopes) > 0 {
		if err := d.printText(""); err != nil {
			return err
		}
		if err := d.printTable([]string{"SCOPE", "LAST USED"}, scopes); err != nil {
			return err
		}
	}
	if p := record.PreviousSecret; p != nil {
		return d.printText("", fmt.Sprintf("The previous secret works until %s and was last used: %s", p.ValidUntil, orNever(p.LastUsedAt)))
	}
	return nil
}

func denied(day domain.DayUsage) (n int64) {
	for _, count := range day.Denied {
		n += count
	}
	return n
}

// barColumns is the length of the longest bar.
const barColumns = 40

// bar returns the bar of a day. Its length is relative to that of the day with the most
// checks. A count above 0 has at least one column.
func bar(day domain.DayUsage, most int64) string {
	return strings.Repeat("█", share(day.Allowed, most)) + strings.Repeat("░", share(denied(day), most))
}

func share(n, most int64) int {
	if n == 0 {
		return 0
	}
	return max(1, int(float64(n)/float64(most)*barColumns))
}

// reasons lists why checks were denied, the most frequent first.
func reasons(denied map[domain.Verdict]int64) string {
	verdicts := slices.SortedFunc(maps.Keys(denied), func(a, b domain.Verdict) int {
		return cmp.Or(cmp.Compare(denied[b], denied[a]), cmp.Compare(a, b))
	})
	texts := make([]string, len(verdicts))
	for i, verdict := range verdicts {
		texts[i] = fmt.Sprintf("%s %d", verdict, denied[verdict])
	}
	return strings.Join(texts, ", ")
}

func orNever(t *string) string {
	if t == nil {
		return "never"
	}
	return *t
}
