package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

type doctorCmd struct {
	Output   string   `short:"o" default:"table" enum:"table,json" help:"How the findings are written: ${enum} (${default})."`
	Settings settings `embed:""`
}

// Help is shown below the usage of the command.
func (doctorCmd) Help() string {
	return `Checks whether a service with these settings would work on this machine: its configuration, files, database, peppers, token keys and addresses. Every finding is OK, WARN or FAIL, and those that are not OK say what to do. It changes nothing, and may run beside the service; it then reports the addresses of the service as in use.

  apikeys doctor
  apikeys doctor --output json | jq -r '.checks[] | select(.status != "OK") | .remedy'

Exit codes: 0 if no check has failed, 1 otherwise. JSON: {"checks": [{"check", "status", "detail", "remedy"}]}, remedy null if the status is OK. If sealing keys are missing, "lostKeys": [{"sealingKey", "webhooks", "first": [{"webhookId", "workspaceId", "previousSecret"}]}] has the number of webhooks that depend on each, and the first 20.`
}

// doctorRecord is a finding in the JSON output.
type doctorRecord struct {
	Check  string  `json:"check"`
	Status string  `json:"status"`
	Detail string  `json:"detail"`
	Remedy *string `json:"remedy"`

	LostKeys []lostKeyRecord `json:"lostKeys,omitempty"`
}

// lostKeyRecord is a missing sealing key in the JSON output.
type lostKeyRecord struct {
	SealingKey string                `json:"sealingKey"`
	Webhooks   int64                 `json:"webhooks"`
	First      []sealedWebhookRecord `json:"first"`
}

type sealedWebhookRecord struct {
	WebhookID      domain.WebhookID   `json:"webhookId"`
	WorkspaceID    domain.WorkspaceID `json:"workspaceId"`
	PreviousSecret bool               `json:"previousSecret"` // whether only the previous secret depends on the key
}

func lostKeyRecords(lost []apikeys.LostSealingKey) (records []lostKeyRecord) {
	for _, k := range lost {
		record := lostKeyRecord{SealingKey: k.ID, Webhooks: k.Webhooks}
		for _, w := range k.First {
			record.First = append(record.First, sealedWebhookRecord{w.ID, w.Workspace, w.Previous})
		}
		records = append(records, record)
	}
	return records
}

// Run checks everything.
func (c *doctorCmd) Run(ctx context.Context, given *inputs, io streams) error {
	cfg := config.Config(c.Settings)
	found, err := apikeys.Diagnose(ctx, cfg)
	if err != nil {
		return err
	}
	var all []apikeys.Finding
	all = append(all, configurationFindings(given.judge(apikeys.Validate(cfg)))...)
	all = append(all, fileFindings(cfg)...)
	all = append(all, found...)
	d := &desk{of: &keysCmd{Output: c.Output}, io: io}
	if err := d.printFindingsOf(all); err != nil {
		return err
	}
	failed := 0
	for _, f := range all {
		if f.Status == apikeys.FindingFail {
			failed++
		}
	}
	if failed > 0 {
		return &exitError{fmt.Errorf("%d of %d checks have failed", failed, len(all)), exitFailure}
	}
	return nil
}

// configurationFindings returns a finding for each fault, or a single one if there are
// none.
func configurationFindings(err error) (list []apikeys.Finding) {
	const check = "configuration"
	var faults config.Faults
	if !errors.As(err, &faults) {
		return []apikeys.Finding{{Check: check, Status: apikeys.FindingOK, Detail: "every setting is valid"}}
	}
	for _, fault := range faults {
		list = append(list, apikeys.Finding{
			Check: check, Status: apikeys.FindingFail, Detail: fault.Variable + " " + fault.Problem,
			Remedy: "correct " + fault.Variable + "; 'apikeys serve --help' explains it",
		})
	}
	return list
}

// fileFindings judges the permissions of the files that the settings name.
func fileFindings(cfg config.Config) (list []apikeys.Finding) {
	for _, secret := range []string{"APIKEYS_PEPPERS", "APIKEYS_SEALING_KEYS", "APIKEYS_INTERNAL_TOKEN", "APIKEYS_DATABASE_URL", "APIKEYS_READ_DATABASE_URL"} {
		if path := os.Getenv(secret + fileSuffix); path != "" {
			list = append(list, judgeMode(secret+fileSuffix, path, 0o077, "other accounts can read or change the secret"))
		}
	}
	if cfg.JWKSFile != "" {
		list = append(list, judgeMode("APIKEYS_JWKS_FILE", cfg.JWKSFile, 0o022, "other accounts can change the keys, and then sign tokens"))
	}
	return list
}

// judgeMode judges whether a file has none of the permissions in forbidden.
func judgeMode(variable, path string, forbidden os.FileMode, danger string) apikeys.Finding {
	f := apikeys.Finding{Check: "file " + variable, Status: apikeys.FindingOK, Detail: path + " is protected"}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		f.Status, f.Detail, f.Remedy = apikeys.FindingFail, err.Error(), "name a file that the service may read"
	case !info.Mode().IsRegular():
		// No other account can read a pipe, such as that of a shell's <(…).
		f.Detail = path + " is not a regular file"
	case os.PathSeparator == '/' && info.Mode().Perm()&forbidden != 0:
		f.Status = apikeys.FindingWarn
		f.Detail = fmt.Sprintf("%s (mode %o of %s)", danger, info.Mode().Perm(), path)
		f.Remedy = fmt.Sprintf("chmod %o %s", info.Mode().Perm()&^forbidden, path)
	}
	return f
}

func (d *desk) printFindingsOf(all []apikeys.Finding) error {
	if d.of.Output == "json" {
		records := make([]doctorRecord, len(all))
		for i, f := range all {
			records[i] = doctorRecord{Check: f.Check, Status: string(f.Status), Detail: onOneLine(f.Detail), LostKeys: lostKeyRecords(f.LostKeys)}
			if f.Remedy != "" {
				records[i].Remedy = &f.Remedy
			}
		}
		return d.printJSON(map[string]any{"checks": records})
	}
	colors := map[apikeys.FindingStatus]string{apikeys.FindingOK: green, apikeys.FindingWarn: yellow, apikeys.FindingFail: red}
	var rows [][]cell
	for _, f := range all {
		detail := f.Detail
		if f.Remedy != "" {
			detail += " → " + f.Remedy
		}
		rows = append(rows, []cell{{text: string(f.Status), color: colors[f.Status]}, {text: f.Check}, {text: detail}})
	}
	return d.printTable([]string{"STATUS", "CHECK", "WHAT WAS FOUND → WHAT TO DO"}, rows)
}
