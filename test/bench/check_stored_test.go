package bench

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// findKey is the look-up query of the PostgreSQL store.
const findKey = `SELECT k.id, k.workspace_id, k.name, k.mode, k.scopes, k.ip_whitelist, k.disabled,
k.created_by, k.created_at, k.expires_at, k.last_used_at, k.deleted_at, k.rate_limits, k.quota,
s.algorithm, s.pepper_id, s.digest, s.valid_until
FROM api_keys k JOIN api_key_secrets s ON s.api_key_id = k.id WHERE k.id = ? AND coalesce(deleted_at IS NULL, false) ORDER BY s.position`

func TestFindKey_IsTheQueryOfTheStore(t *testing.T) {
	t.Parallel()
	databaseURL := migrated(t, pgtest.NewDatabase(t))
	cfg := settings(t, jwttest.NewIssuer(t), databaseURL)
	const attempts = 20
	keys := seededSecrets(t, attempts)
	storeKeys(t, databaseURL, hasher(t, cfg), keys)
	check := (&missing{service: newEmbedded(t, cfg), keys: cursor{secrets: keys}}).clients(t, 1, attempts)[0]
	wantExecuted(t, postgresEngine().open(t, databaseURL), sqlx.Rebind(sqlx.DOLLAR, findKey), attempts, check)
}

// wantExecuted calls call, up to that many times, until query is the last that one
// connection to the database has executed: it may already serve something else.
func wantExecuted(t *testing.T, db *sql.DB, query string, attempts int, call func(n int) error) {
	t.Helper()
	executed := 0
	for n := 0; n < attempts && executed != 1; n++ {
		if err := call(n); err != nil {
			t.Fatal(err)
		}
		err := db.QueryRowContext(t.Context(),
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = $1`, query).Scan(&executed)
		if err != nil {
			t.Fatal(err)
		}
	}
	if executed != 1 {
		t.Errorf("%d connections executed last:\n%s", executed, query)
	}
}

func postgresEngine() engine { return engines[1] }

// newFind prepares the bare look-up.
func newFind(t testing.TB, databaseURL string) *sql.Stmt {
	t.Helper()
	e := postgresEngine()
	return e.prepare(t, e.open(t, databaseURL), findKey)
}

// selecting is a side that only reads keys.
type selecting struct {
	find *sql.Stmt
	keys cursor
}

func (s *selecting) clients(t testing.TB, n, keys int) []client {
	t.Helper()
	ctx, secrets := t.Context(), s.keys.take(keys)
	return alike(n, func(i int) error { return s.read(ctx, secrets[i].KeyID()) })
}

func (s *selecting) read(ctx context.Context, id domain.KeyID) error {
	var (
		found, workspace, name, scopes, whitelist, createdBy, rateLimits, algorithm, pepper string

		mode                                   int64
		disabled                               bool
		createdAt                              time.Time
		expiresAt, usedAt, deletedAt, validity sql.NullTime
		quota                                  sql.NullString
		digest                                 []byte
	)
	return s.find.QueryRowContext(ctx, string(id)).Scan(&found, &workspace, &name, &mode, &scopes, &whitelist, &disabled,
		&createdBy, &createdAt, &expiresAt, &usedAt, &deletedAt, &rateLimits, &quota, &algorithm, &pepper, &digest, &validity)
}

func hasher(t testing.TB, cfg config.Config) *secrets.Hasher {
	t.Helper()
	ring, err := secrets.ParseRing(cfg.Peppers.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return secrets.NewHasher(ring)
}

// storeKeys writes the keys of the given secrets directly to a database.
func storeKeys(t testing.TB, databaseURL string, hasher *secrets.Hasher, all []domain.Secret) {
	t.Helper()
	db := postgresEngine().open(t, databaseURL)
	now := time.Now()
	copyRows(t, db, `COPY api_keys (id, workspace_id, name, name_folded, mode, scopes, ip_whitelist, disabled, created_by, created_at) FROM STDIN`,
		len(all), func(i int) []any {
			return []any{string(all[i].KeyID()), workspace, "Production Key", "PRODUCTION KEY", 1, `["payment:read","payment:write"]`, `[]`, false, account, now}
		})
	copyRows(t, db, `COPY api_key_secrets (api_key_id, position, algorithm, pepper_id, digest) FROM STDIN`,
		len(all), func(i int) []any {
			digest := hasher.Hash(all[i])
			return []any{string(all[i].KeyID()), 0, string(digest.Algorithm), digest.PepperID, digest.Sum[:]}
		})
	// Finish deferred work of the inserts, so that it is not measured.
	for _, after := range []string{"VACUUM (ANALYZE, FREEZE)", "CHECKPOINT"} {
		if _, err := db.ExecContext(t.Context(), after); err != nil {
			t.Fatal(err)
		}
	}
}

// copyRows executes a COPY of n rows.
func copyRows(t testing.TB, db *sql.DB, query string, n int, row func(i int) []any) {
	t.Helper()
	ctx := t.Context()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	into, err := tx.PrepareContext(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if _, err := into.ExecContext(ctx, row(i)...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := into.ExecContext(ctx); err != nil { // ends the COPY
		t.Fatal(err)
	}
	if err := into.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
