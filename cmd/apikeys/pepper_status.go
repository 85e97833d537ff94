package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

type pepperStatusCmd struct {
	Output   string   `short:"o" default:"table" enum:"table,json" help:"How the result is written: ${enum} (${default})."`
	Settings settings `embed:""`
}

// Help is shown below the usage of the command.
func (pepperStatusCmd) Help() string {
	return `It reads all keys of APIKEYS_DATABASE_URL and counts the secrets that depend on each pepper. It leaves out deleted keys and superseded secrets whose grace period is over. A secret moves to the current pepper when it is used. Remove an old pepper once no secret depends on it; secrets that still depend on a removed pepper are rejected.

  apikeys pepper rotate-status
  apikeys pepper rotate-status --output json | jq '.items[] | select(.state == "OLD")'

STATE is CURRENT for the first entry of APIKEYS_PEPPERS, OLD for the others, and MISSING for a pepper that is not in it, whose secrets are rejected. FOREIGN counts the secrets of imported keys that were not used yet; they depend on no pepper. JSON: {"items": [{"pepper", "state", "secrets", "neverUsed", "oldestLastUseAt", "latestLastUseAt"}]}.`
}

// pepperRecord describes the secrets that depend on one pepper.
type pepperRecord struct {
	Pepper          string  `json:"pepper"`
	State           string  `json:"state"`
	Secrets         int     `json:"secrets"`
	NeverUsed       int     `json:"neverUsed"`
	OldestLastUseAt *string `json:"oldestLastUseAt"`
	LatestLastUseAt *string `json:"latestLastUseAt"`
	oldest, latest  time.Time
}

// Run shows how many secrets depend on each pepper.
func (c *pepperStatusCmd) Run(ctx context.Context, given *inputs, io streams) error {
	keys := &keysCmd{Output: c.Output, Settings: c.Settings}
	return keys.work(ctx, given, io, needs{time: true}, func(ctx context.Context, d *desk) error {
		peppers := configuredPeppers(c.Settings.Peppers.Reveal())
		now := time.Now()
		err := d.eachKey(ctx, func(key *domain.APIKey) error {
			countSecrets(peppers, key.Snapshot(), now)
			return nil
		})
		if err != nil {
			return err
		}
		return d.printPeppers(slices.SortedFunc(maps.Values(peppers), byState))
	})
}

// configuredPeppers returns a record for each entry of the ring, by ID.
func configuredPeppers(ring string) map[string]*pepperRecord {
	records := map[string]*pepperRecord{}
	if ring == "" {
		return records
	}
	for i, entry := range strings.Split(ring, ",") {
		id, _, _ := strings.Cut(strings.TrimSpace(entry), ":")
		state := "OLD"
		if i == 0 {
			state = "CURRENT"
		}
		records[id] = &pepperRecord{Pepper: id, State: state}
	}
	return records
}

// countSecrets counts the secrets of a key that work, or would if the key were enabled.
func countSecrets(peppers map[string]*pepperRecord, key domain.Snapshot, now time.Time) {
	for _, secret := range key.Secrets {
		if end := secret.ValidUntil; !end.IsZero() && !now.Before(end) {
			continue
		}
		id := secret.Digest.PepperID
		r := peppers[id]
		if r == nil {
			r = &pepperRecord{Pepper: id, State: "MISSING"}
			if id == "" { // made by another system
				r.State = "FOREIGN"
			}
			peppers[id] = r
		}
		r.Secrets++
		used := key.LastUsedAt
		switch {
		case used.IsZero():
			r.NeverUsed++
			continue
		case r.oldest.IsZero() || used.Before(r.oldest):
			r.oldest = used
		}
		if used.After(r.latest) {
			r.latest = used
		}
	}
}

func byState(a, b *pepperRecord) int {
	return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Pepper, b.Pepper))
}

func (d *desk) printPeppers(records []*pepperRecord) error {
	var table [][]cell
	for _, r := range records {
		r.OldestLastUseAt, r.LatestLastUseAt = orNull(r.oldest), orNull(r.latest)
		table = append(table, plainCells(cmp.Or(r.Pepper, "-"), r.State, strconv.Itoa(r.Secrets), strconv.Itoa(r.NeverUsed), orDash(r.OldestLastUseAt), orDash(r.LatestLastUseAt)))
	}
	if d.of.Output == "json" {
		return d.printJSON(struct {
			Items []*pepperRecord `json:"items"`
		}{append([]*pepperRecord{}, records...)})
	}
	return d.printTable([]string{"PEPPER", "STATE", "SECRETS", "NEVER USED", "OLDEST LAST USE", "LATEST LAST USE"}, table)
}
