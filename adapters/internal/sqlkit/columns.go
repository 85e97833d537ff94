package sqlkit

import (
	"database/sql"
	"time"
)

// Codec is how a store writes an instant in a column of type T. What it
// decodes is in UTC.
type Codec[T any] struct {
	Encode func(time.Time) T
	Decode func(T) time.Time
}

// KeyColumns is a row of api_keys.
type KeyColumns[T any] struct {
	ID          string `db:"id"`
	WorkspaceID string `db:"workspace_id"`
	Name        string `db:"name"`
	NameFolded  string `db:"name_folded"` // is written and never read
	Mode        int64  `db:"mode"`
	Scopes      string `db:"scopes"`
	IPWhitelist string `db:"ip_whitelist"`
	Disabled    bool   `db:"disabled"`
	CreatedBy   string `db:"created_by"`
	CreatedAt   T      `db:"created_at"`
	ExpiresAt   *T     `db:"expires_at"`
	LastUsedAt  *T     `db:"last_used_at"`
	DeletedAt   *T     `db:"deleted_at"`
}

// SecretColumns is a row of api_key_secrets.
type SecretColumns[T any] struct {
	Algorithm  string `db:"algorithm"`
	PepperID   string `db:"pepper_id"`
	Digest     []byte `db:"digest"`
	ValidUntil *T     `db:"valid_until"`
}

// KeyRow is a row of api_keys beside one of its secrets.
type KeyRow[T any] struct {
	KeyColumns[T]
	SecretColumns[T]
}

// EventColumns is a row of api_key_events.
type EventColumns[T any] struct {
	ID          string         `db:"event_id"`
	KeyID       string         `db:"api_key_id"`
	WorkspaceID string         `db:"workspace_id"`
	Type        string         `db:"type"`
	At          T              `db:"at"`
	AccountID   string         `db:"account_id"`
	Portal      string         `db:"portal"`
	ClientHash  string         `db:"client_hash"`
	IP          sql.NullString `db:"ip"`
	RequestID   string         `db:"request_id"`
	Changes     string         `db:"changes"`
}

// columns returns where the columns of ListEvents go.
func (e *EventColumns[T]) columns() []any {
	return []any{
		&e.ID, &e.KeyID, &e.WorkspaceID, &e.Type, &e.At, &e.AccountID, &e.Portal,
		&e.ClientHash, &e.IP, &e.RequestID, &e.Changes,
	}
}
