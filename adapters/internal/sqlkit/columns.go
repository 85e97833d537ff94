package sqlkit

import (
	"database/sql"
	"time"
)

// Codec converts instants to and from a column of type T. Decoded instants are
// in UTC.
type Codec[T any] struct {
	Encode func(time.Time) T
	Decode func(T) time.Time
}

// KeyColumns is a row of api_keys to write.
type KeyColumns[T any] struct {
	ID          string
	WorkspaceID string
	Name        string
	NameFolded  string
	Mode        int64
	Scopes      string
	IPWhitelist string
	RateLimits  string
	Quota       *string
	Disabled    bool
	CreatedBy   string
	CreatedAt   T
	ExpiresAt   *T
	LastUsedAt  *T
	DeletedAt   *T
}

// SecretColumns is a row of api_key_secrets to write.
type SecretColumns[T any] struct {
	Algorithm  string
	PepperID   string
	Digest     []byte
	ValidUntil *T
}

// EventColumns is a row of api_key_events to write.
type EventColumns[T any] struct {
	ID          string
	KeyID       string
	WorkspaceID string
	Type        string
	At          T
	AccountID   string
	Portal      string
	ClientHash  string
	IP          sql.NullString
	RequestID   string
	Changes     string
}

// KeyRow is a row of api_keys together with one of its secrets, as it was read.
// The statements that read it look it up by its identifier.
type KeyRow[T any] struct {
	ID          string        `db:"id"`
	WorkspaceID string        `db:"workspace_id"`
	Name        Field[string] `db:"name"`
	Mode        Field[int64]  `db:"mode"`
	Scopes      Field[string] `db:"scopes"`
	IPWhitelist Field[string] `db:"ip_whitelist"`
	Disabled    Field[bool]   `db:"disabled"`
	CreatedBy   Field[string] `db:"created_by"`
	CreatedAt   Field[T]      `db:"created_at"`
	ExpiresAt   Field[T]      `db:"expires_at"`
	LastUsedAt  Field[T]      `db:"last_used_at"`
	DeletedAt   Field[T]      `db:"deleted_at"`
	RateLimits  Field[string] `db:"rate_limits"`
	Quota       Field[string] `db:"quota"`

	SecretRow[T]
}

// SecretRow is a row of api_key_secrets as it was read.
type SecretRow[T any] struct {
	Algorithm  Field[string] `db:"algorithm"`
	PepperID   Field[string] `db:"pepper_id"`
	Digest     Field[[]byte] `db:"digest"`
	ValidUntil Field[T]      `db:"valid_until"`
}

// EventRow is a row of api_key_events as it was read.
type EventRow[T any] struct {
	ID          string
	KeyID       string
	WorkspaceID string
	Type        Field[string]
	At          Field[T]
	AccountID   Field[string]
	Portal      Field[string]
	ClientHash  Field[string]
	IP          Field[string]
	RequestID   Field[string]
	Changes     Field[string]
}

// columns returns the destinations of the columns of ListEvents.
func (e *EventRow[T]) columns() []any {
	return []any{
		&e.ID, &e.KeyID, &e.WorkspaceID, &e.Type, &e.At, &e.AccountID, &e.Portal,
		&e.ClientHash, &e.IP, &e.RequestID, &e.Changes,
	}
}
