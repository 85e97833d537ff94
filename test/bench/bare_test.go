package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// bare is a side that only writes the rows of new keys.
type bare struct {
	engine                    engine
	db                        *sql.DB
	count, key, secret, event *sql.Stmt // count is nil if keys are not counted
}

// newUncounted returns a side that does not count keys, so that creations in one
// workspace do not wait for each other. It can enforce no cap.
func newUncounted(t testing.TB, e engine, databaseURL string) *bare {
	t.Helper()
	s := newBare(t, e, databaseURL)
	s.count = nil
	return s
}

func newBare(t testing.TB, e engine, databaseURL string) *bare {
	t.Helper()
	db := e.open(t, databaseURL)
	return &bare{
		engine: e,
		db:     db,
		count: e.prepare(t, db, `INSERT INTO api_key_counts AS c (workspace_id, living) VALUES (?, 1)
ON CONFLICT (workspace_id) DO UPDATE SET living = c.living + 1`),
		key: e.prepare(t, db, `INSERT INTO api_keys
(id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at, expires_at, last_used_at, deleted_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
		secret: e.prepare(t, db, `INSERT INTO api_key_secrets
(api_key_id, position, algorithm, pepper_id, digest, valid_until)
VALUES (?, ?, ?, ?, ?, ?)`),
		event: e.prepare(t, db, `INSERT INTO api_key_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, ip, request_id, changes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
	}
}

func (s *bare) clients(t testing.TB, n, keys int) []client {
	t.Helper()
	rows := make([]keyRows, keys)
	for i := range rows {
		rows[i] = newKeyRows(t, s.engine.instant(time.Now().UTC().Truncate(time.Microsecond)))
	}
	ctx := t.Context()
	all := make([]client, n)
	for c := range all {
		all[c] = func(i int) error { return s.write(ctx, rows[i]) }
	}
	return all
}

func (s *bare) write(ctx context.Context, rows keyRows) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.StmtContext(ctx, s.key).ExecContext(ctx, rows.key...); err != nil {
		return err
	}
	if _, err := tx.StmtContext(ctx, s.secret).ExecContext(ctx, rows.secret...); err != nil {
		return err
	}
	if _, err := tx.StmtContext(ctx, s.event).ExecContext(ctx, rows.event...); err != nil {
		return err
	}
	if s.count == nil {
		return tx.Commit()
	}
	// Last, because it blocks other creations in the workspace until the commit.
	if _, err := tx.StmtContext(ctx, s.count).ExecContext(ctx, workspace); err != nil {
		return err
	}
	return tx.Commit()
}

// keyRows are the arguments of the three inserts.
type keyRows struct{ key, secret, event []any }

// newKeyRows returns the rows that the service writes for requestBody, sent with a
// token of newService.
func newKeyRows(t testing.TB, now any) keyRows {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	eventID, err := domain.NewEventID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	digest := make([]byte, 32)
	rand.Read(digest)
	id := string(secret.KeyID())
	return keyRows{
		key: []any{
			id, workspace, "Production Key", "PRODUCTION KEY", int64(1), `["payment:read","payment:write"]`, `["192.168.1.0/24"]`,
			false, account, now, nil, nil, nil,
		},
		secret: []any{id, int64(0), "hmac-sha256", pepperID, digest, nil},
		event: []any{
			id, now, eventID, workspace, "CREATED", account, portal, clientHash, "127.0.0.1", rand.Text(), changes,
		},
	}
}

const changes = `[{"field":"name","old":null,"new":"Production Key"},{"field":"mode","old":null,"new":"LIVE"},` +
	`{"field":"scopes","old":null,"new":["payment:read","payment:write"]},` +
	`{"field":"ipWhitelist","old":null,"new":["192.168.1.0/24"]}]`
