package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Diagnosis is the result of [KeyRepository.Diagnose].
type Diagnosis struct {
	// Lacking are the privileges that the role of the store lacks, each as "INSERT
	// on api_keys", for the tables that exist.
	Lacking []string
	// Now is the time of the server.
	Now time.Time
	// Peppers are the check values of the peppers that the store was used with.
	Peppers []domain.PepperCheck
	// SealingKeys is what depends on each sealing key.
	SealingKeys map[string]domain.SealingUse
}

// needed are the privileges that a service needs, by table.
var needed = map[string][]string{
	"api_keys":               {"SELECT", "INSERT", "UPDATE"},
	"api_key_secrets":        {"SELECT", "INSERT", "UPDATE", "DELETE"},
	"api_key_events":         {"SELECT", "INSERT"},
	"api_key_counts":         {"SELECT", "INSERT", "UPDATE"},
	"idempotency_keys":       {"SELECT", "INSERT", "UPDATE", "DELETE"},
	"api_key_peppers":        {"SELECT", "INSERT"},
	"api_key_limit_counts":   {"SELECT", "INSERT", "UPDATE", "DELETE"},
	"api_key_webhooks":       {"SELECT", "INSERT", "UPDATE", "DELETE"},
	"api_key_webhook_events": {"SELECT", "INSERT"},
	"api_key_deliveries":     {"SELECT", "INSERT", "UPDATE", "DELETE"},
	"api_key_warnings":       {"SELECT", "INSERT", "DELETE"},
	sqlkit.VersionTable:      {"SELECT"},
}

const (
	findLacking = `SELECT n.privilege || ' on ' || n.name
FROM unnest(?::text[], ?::text[]) AS n (name, privilege)
WHERE to_regclass(n.name) IS NOT NULL AND NOT has_table_privilege(to_regclass(n.name), n.privilege)
ORDER BY n.name, n.privilege`

	tableExists = `SELECT to_regclass(?) IS NOT NULL`
)

// Diagnose examines a database for which [KeyRepository.Examine] returns nil, whatever
// the version of its schema. It changes nothing.
func (r *KeyRepository) Diagnose(ctx context.Context) (Diagnosis, error) {
	return untilDone(ctx, func() (Diagnosis, error) {
		d, err := r.diagnose(ctx)
		return d, translate(ctx, err)
	})
}

func (r *KeyRepository) diagnose(ctx context.Context) (d Diagnosis, err error) {
	var names, privileges pq.StringArray
	for name, list := range needed {
		for _, privilege := range list {
			names, privileges = append(names, name), append(privileges, privilege)
		}
	}
	if err := r.pool.SelectContext(ctx, &d.Lacking, r.pool.Rebind(findLacking), names, privileges); err != nil {
		return d, err
	}
	if err := r.pool.GetContext(ctx, &d.Now, `SELECT clock_timestamp()`); err != nil {
		return d, err
	}
	var rows []sqlkit.IdentifiedPepper
	if err := r.selectFrom(ctx, d, "api_key_peppers", &rows, sqlkit.ListPeppers); err != nil {
		return d, err
	}
	d.Peppers = sqlkit.PepperChecks(rows)
	var sealed []sqlkit.SealedRow
	if err := r.selectFrom(ctx, d, "api_key_webhooks", &sealed, sqlkit.SealedSecrets); err != nil {
		return d, err
	}
	d.SealingKeys = sqlkit.SealingUses(sealed, d.Now)
	return d, nil
}

// selectFrom selects rows of a table, or none if it does not exist or may not be read.
func (r *KeyRepository) selectFrom(ctx context.Context, d Diagnosis, table string, rows any, query string) error {
	var exists bool
	if err := r.pool.GetContext(ctx, &exists, r.pool.Rebind(tableExists), table); err != nil || !exists || slices.Contains(d.Lacking, "SELECT on "+table) {
		return err
	}
	return r.pool.SelectContext(ctx, rows, query)
}
