package postgres

import (
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

type (
	keyRow         = sqlkit.KeyRow[time.Time]
	newRows        = sqlkit.NewRows[time.Time]
	changedRows    = sqlkit.ChangedRows[time.Time]
	idempotencyRow = sqlkit.IdempotencyRow[time.Time]
	reads          = sqlkit.Reads[time.Time]
)

// codec writes times as timestamptz. It truncates them to microseconds, because
// PostgreSQL would round them.
var codec = sqlkit.Codec[time.Time]{
	Encode: func(t time.Time) time.Time { return t.Truncate(time.Microsecond) },
	Decode: time.Time.UTC,
}

// dialect compares names byte by byte, which for UTF-8 is by code point,
// whatever the locale of the database.
var dialect = sqlkit.Dialect{Name: `k.name COLLATE "C"`, Position: "strpos"}

// secretArrays converts the rows of secrets to one array per column.
func secretArrays(secrets []sqlkit.SecretColumns[time.Time]) []any {
	var algorithms, peppers pq.StringArray
	var digests pq.ByteaArray
	var ends []sql.NullTime
	for _, s := range secrets {
		algorithms = append(algorithms, s.Algorithm)
		peppers = append(peppers, s.PepperID)
		digests = append(digests, s.Digest)
		end := sql.NullTime{Valid: s.ValidUntil != nil}
		if end.Valid {
			end.Time = *s.ValidUntil
		}
		ends = append(ends, end)
	}
	return []any{algorithms, peppers, digests, pq.Array(ends)}
}
