package sqlite

import (
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

type (
	keyRow         = sqlkit.KeyRow[int64]
	eventRow       = sqlkit.EventColumns[int64]
	newRows        = sqlkit.NewRows[int64]
	changedRows    = sqlkit.ChangedRows[int64]
	idempotencyRow = sqlkit.IdempotencyRow[int64]
	reads          = sqlkit.Reads[int64]
)

// codec writes instants as microseconds since the Unix epoch.
var codec = sqlkit.Codec[int64]{
	Encode: time.Time.UnixMicro,
	Decode: func(us int64) time.Time { return time.UnixMicro(us).UTC() },
}

// dialect compares names byte by byte, which for UTF-8 is by code point.
var dialect = sqlkit.Dialect{Name: "k.name", Position: "instr"}
