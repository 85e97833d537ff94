package sqlite

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

// Create implements ports.KeyWriter.
func (r *KeyRepository) Create(ctx context.Context, key *domain.APIKey, event domain.Event) error {
	rows, err := codec.Rows(key, event)
	if err != nil {
		return err
	}
	return translate(ctx, r.committer.create(ctx, rows))
}

// insertStatements write the rows of one key.
type insertStatements struct {
	key, secret, event *sqlkit.Statement
}

func newInsertStatements(writer *sqlx.DB) insertStatements {
	return insertStatements{
		key: sqlkit.NewStatement(writer, `INSERT INTO api_keys
(id, workspace_id, name, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at, last_used_at, deleted_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
		secret: sqlkit.NewStatement(writer, `INSERT INTO api_key_secrets
(api_key_id, position, algorithm, pepper_id, digest, valid_until)
VALUES (?, ?, ?, ?, ?, ?)`),
		event: sqlkit.NewStatement(writer, `INSERT INTO api_key_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, ip, request_id, changes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
	}
}

// prepared prepares the statements before a transaction takes the only connection.
func (s insertStatements) prepared(ctx context.Context) (preparedInserts, error) {
	var p preparedInserts
	for statement, to := range map[*sqlkit.Statement]**sqlx.Stmt{s.key: &p.key, s.secret: &p.secret, s.event: &p.event} {
		prepared, err := statement.Prepared(ctx)
		if err != nil {
			return preparedInserts{}, err
		}
		*to = prepared
	}
	return p, nil
}

type preparedInserts struct {
	key, secret, event *sqlx.Stmt
}

func (p preparedInserts) all(tx *sql.Tx, rows newRows) error {
	k := rows.Key
	_, err := tx.Stmt(p.key.Stmt).Exec(
		k.ID, k.WorkspaceID, k.Name, k.Mode, k.Scopes, k.IPWhitelist, k.Disabled,
		k.CreatedBy, k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.DeletedAt)
	if err != nil {
		return existing(err)
	}
	for position, s := range rows.Secrets {
		_, err := tx.Stmt(p.secret.Stmt).Exec(
			k.ID, position, s.Algorithm, s.PepperID, s.Digest, s.ValidUntil)
		if err != nil {
			return err
		}
	}
	e := rows.Event
	_, err = tx.Stmt(p.event.Stmt).Exec(
		e.KeyID, e.At, e.ID, e.WorkspaceID, e.Type, e.AccountID, e.Portal,
		e.ClientHash, e.IP, e.RequestID, e.Changes)
	return err
}
