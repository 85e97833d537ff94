package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"strings"

	"github.com/slaunchx/apikeys/domain"
)

type keysExportCmd struct {
	Format string `default:"csv" enum:"csv,jsonl" help:"${enum}: CSV (RFC 4180) with a header row, or JSON Lines (${default})."`
}

// Help is shown below the usage of the command.
func (keysExportCmd) Help() string {
	return `  apikeys keys export > keys.csv
  apikeys keys export --workspace ws_1 --format jsonl | jq -r 'select(.scopes | length == 0) | .apiKeyId'

An inventory of all living keys, oldest first, never with a secret or digest. Lists in CSV are separated by spaces. A cell that a spreadsheet would take for a formula is preceded by an apostrophe. If keys are deleted during the export, others may be left out.`
}

// Run writes all keys.
func (c *keysExportCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Keys.work(ctx, given, io, needs{time: true}, func(ctx context.Context, d *desk) error {
		if c.Format == "jsonl" {
			encoder := json.NewEncoder(io.out)
			encoder.SetEscapeHTML(false)
			return d.eachKey(ctx, func(key *domain.APIKey) error { return encoder.Encode(toKeyRecord(key)) })
		}
		table := csv.NewWriter(io.out)
		if err := table.Write(exportColumns); err != nil {
			return err
		}
		if err := d.eachKey(ctx, func(key *domain.APIKey) error { return table.Write(exportRow(toKeyRecord(key))) }); err != nil {
			return err
		}
		table.Flush()
		return table.Error()
	})
}

// eachKey calls do with every living key, oldest first.
func (d *desk) eachKey(ctx context.Context, do func(*domain.APIKey) error) error {
	oldestFirst := domain.Order{By: domain.ByCreatedAt, Ascending: true}
	return d.eachPage(ctx, domain.KeyFilter{}, oldestFirst, func(keys []*domain.APIKey, _ int64) (more bool, _ error) {
		for _, key := range keys {
			if err := do(key); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// exportColumns is the header row of a CSV file. Columns may be added at the end.
var exportColumns = []string{
	"apiKeyId", "workspaceId", "name", "status", "mode", "scopes", "ipWhitelist", "createdAt", "createdBy", "lastUsedAt", "expiresAt",
	"rateLimits", "quota",
}

func exportRow(r keyRecord) []string {
	row := []string{
		string(r.APIKeyID), string(r.WorkspaceID), r.Name, string(r.Status), r.Mode, strings.Join(r.Scopes, " "),
		strings.Join(r.IPWhitelist, " "), r.CreatedAt, r.CreatedBy, orEmpty(r.LastUsedAt), orEmpty(r.ExpiresAt),
		strings.Join(spelledLimits(r.RateLimits), " "), strings.Join(spelledQuota(r.Quota), " "),
	}
	for i := range row {
		row[i] = noFormula(row[i])
	}
	return row
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// noFormula marks a cell as text if a spreadsheet would run it as a formula, because
// owners choose names.
func noFormula(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
