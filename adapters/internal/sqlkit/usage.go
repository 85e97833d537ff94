package sqlkit

import (
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// FindUsage returns the statement that reads the usage of a key: its counts, the last
// uses of its scopes, and the last use of its previous secret. counts is the text of a
// table u with the counts of the requested days. The remaining arguments of the
// statement are those of [Codec.FindUsageArgs].
func FindUsage(counts string) string {
	return `SELECT u.day, u.reason AS name, u.checks, NULL AS used_at
FROM ` + counts + `
UNION ALL SELECT NULL, scope, NULL, last_used_at FROM api_key_scope_uses WHERE api_key_id = ?
UNION ALL SELECT NULL, NULL, NULL, last_used_at FROM api_key_grace_uses WHERE valid_until = ? AND api_key_id = ?`
}

// FindUsageArgs returns the arguments of [FindUsage]. The arguments of counts are the
// first day, the last day and the ID of the key.
func (c Codec[T]) FindUsageArgs(query ports.UsageQuery) []any {
	id := string(query.KeyID)
	return []any{int64(query.Days.From), int64(query.Days.To), id, id, c.Encode(query.PreviousValidUntil.UTC()), id}
}

// UsageRow is a row of [FindUsage].
type UsageRow[T any] struct {
	Day    *int64  `db:"day"`
	Name   *string `db:"name"`
	Checks *int64  `db:"checks"`
	UsedAt *T      `db:"used_at"`
}

// Usage returns the usage of a key, given the rows of [FindUsage].
func (c Codec[T]) Usage(id domain.KeyID, rows []UsageRow[T]) ports.Usage {
	usage := ports.Usage{Checks: make(map[ports.CheckCount]int64), Scopes: make(map[domain.Scope]time.Time)}
	for _, row := range rows {
		switch {
		case row.Day != nil && row.Name != nil && row.Checks != nil:
			usage.Checks[ports.CheckCount{KeyID: id, Day: domain.Day(*row.Day), Verdict: domain.Verdict(*row.Name)}] = *row.Checks
		case row.UsedAt != nil && row.Name != nil:
			usage.Scopes[domain.Scope(*row.Name)] = c.Decode(*row.UsedAt)
		case row.UsedAt != nil:
			usage.PreviousUsed = c.Decode(*row.UsedAt)
		}
	}
	return usage
}
