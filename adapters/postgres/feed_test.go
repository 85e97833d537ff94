package postgres

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestFeed_RejectsAStandbyAndNoticesItsPromotion(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	repo := openMigrated(t, server.NewDatabase(t))
	f := startFeed(t, repo)
	if _, err := writeEvent(t.Context(), repo.maintenance); err != nil {
		t.Fatal(err)
	}
	var data string
	if err := repo.pool.Get(&data, `SHOW data_directory`); err != nil {
		t.Fatal(err)
	}
	aside(t, repo).MustExecContext(t.Context(), `COPY (SELECT '') TO '`+filepath.Join(data, "standby.signal")+`'`)
	server.Restart()

	if changes, err := f.Poll(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("on a standby Poll gives %v and %v, want ErrUnavailable", changes, err)
	}
	if _, err := f.readAnywhere(t, repo); !errors.Is(err, errStandby) {
		t.Errorf("on a connection to a standby the poll gives %v, want errStandby", err)
	}

	if _, err := repo.Find(t.Context(), newID()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("a key is looked for on a standby: %v, want ErrUnavailable", err)
	}

	anywhere(t, repo).MustExecContext(t.Context(), `SELECT pg_promote()`)
	if changes := polled(t, f); !changes.Lost {
		t.Errorf("after the promotion Poll gives lost: %v, want lost", changes.Lost)
	}
	if changes := polled(t, f); changes.Lost {
		t.Errorf("the poll after it gives lost: %v, want nothing", changes.Lost)
	}
}

// anywhere connects to whatever the server is.
func anywhere(t *testing.T, repo *KeyRepository) *sqlx.DB {
	t.Helper()
	cfg, err := parseDSN(repo.dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.TargetSessionAttrs = pq.TargetSessionAttrsAny
	connector, err := newConnector(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	pool := newPool(sql.OpenDB(connector), 1)
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// readAnywhere polls on a connection to whatever the server is now, like a connection
// to a server that was the primary when it was made.
func (f *feed) readAnywhere(t *testing.T, repo *KeyRepository) (pollRow, error) {
	t.Helper()
	other := &feed{pool: anywhere(t, repo), floors: &repo.floors}
	defer other.hangUp()
	return other.read(t.Context(), f.snapshot)
}

func TestFeed_DoesNotWaitForTheRequestPool(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t, migrated(t))
	f := startFeed(t, repo)
	for range maxConnections {
		tx := repo.pool.MustBegin()
		defer func() { _ = tx.Rollback() }()
	}
	if ids := told(t, f); len(ids) != 0 {
		t.Errorf("%v is told", ids)
	}
}

func TestFeed_SaysLostInsteadOfReportingTooMuch(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t, migrated(t))
	f := startFeed(t, repo)
	db := aside(t, repo)
	insertMany(t, db, maxTold)
	if got := len(told(t, f)); got != maxTold {
		t.Errorf("%d keys are told, want %d", got, maxTold)
	}
	insertMany(t, db, maxTold+1)
	if changes := polled(t, f); !changes.Lost || len(changes.Keys) > 0 {
		t.Errorf("Poll gives %d keys, lost: %v, want lost alone", len(changes.Keys), changes.Lost)
	}
	if ids := told(t, f); len(ids) != 0 {
		t.Errorf("%d keys are told again", len(ids))
	}
}

// The last of many events is about another key than all before it.
func TestFeed_CountsEventsNotKeys(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t, migrated(t))
	f := startFeed(t, repo)
	db := aside(t, repo)
	insertMany(t, db, maxTold+1)
	db.MustExecContext(t.Context(), letEventsChange)
	db.MustExecContext(t.Context(), `UPDATE api_key_events SET api_key_id = 'sk_live_0000000000000001', event_id = api_key_id`)
	if _, err := writeEvent(t.Context(), repo.maintenance); err != nil {
		t.Fatal(err)
	}
	if changes := polled(t, f); !changes.Lost {
		t.Errorf("Poll gives %d keys, lost: %v, want lost", len(changes.Keys), changes.Lost)
	}
}

// letEventsChange removes the protection of the trail.
const letEventsChange = `DROP TRIGGER api_key_events_append_only ON api_key_events`

func insertMany(t *testing.T, db *sqlx.DB, n int) {
	t.Helper()
	db.MustExecContext(t.Context(), `INSERT INTO api_key_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, request_id, changes)
SELECT 'sk_live_' || lpad(n::text, 16, '0'), clock_timestamp(), 'evt', 'ws', 'DISABLED', 'acc', 'PARTNER', 'device', 'req', '[]'
FROM generate_series(1, $1) n`, n)
}

// A restored dump contains the transaction IDs of the cluster from which it was
// taken, which may be far ahead.
func TestFeed_IgnoresTransactionIDsOfAnotherCluster(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t, migrated(t))
	db := aside(t, repo)
	insertMany(t, db, 3)
	db.MustExecContext(t.Context(), letEventsChange)
	db.MustExecContext(t.Context(), `UPDATE api_key_events SET txid = '1000000000000'`)
	f := startFeed(t, repo)
	id, err := writeEvent(t.Context(), repo.maintenance)
	if err != nil {
		t.Fatal(err)
	}
	if ids := told(t, f); len(ids) != 1 || ids[0] != id {
		t.Errorf("%v is told, want %s alone", ids, id)
	}
}

func TestFeed_SaysLostWhenTransactionIDsWentBack(t *testing.T) {
	t.Parallel()
	f := startFeed(t, openMigrated(t, migrated(t)))
	f.snapshot.String = "1000000000000:1000000000000:"
	if changes := polled(t, f); !changes.Lost {
		t.Errorf("Poll gives lost: %v, want lost", changes.Lost)
	}
}

func TestFeed_RecoversFromAServerThatGoesSilent(t *testing.T) {
	t.Parallel()
	line := newSilentLine(t, migrated(t))
	f := startFeed(t, openMigrated(t, line.dsn))

	line.silent.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), feedLimit)
	defer cancel()
	if _, err := f.Poll(ctx); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("Poll gives %v, want ErrUnavailable", err)
	}
	line.silent.Store(false)
	polled(t, f)
}

func TestListeningDSN(t *testing.T) {
	t.Parallel()
	got, err := url.Parse(listeningDSN("postgres://u:p%40ss@a:1,b:2/keys?sslmode=disable&target_session_attrs=any"))
	if err != nil {
		t.Fatal(err)
	}
	if q := got.Query(); got.Host != "" || q.Get("host") != "a,b" || q.Get("port") != "1,2" || q.Get("sslmode") != "disable" || q.Get("target_session_attrs") != "primary" || q.Get("connect_timeout") != "1" {
		t.Errorf("the URL becomes one to %q with %v", got.Host, q)
	}
	pairs := listeningDSN("host=a user=u sslmode=disable target_session_attrs=any")
	cfg, err := parseDSN(pairs)
	if err != nil || cfg.Host != "a" || cfg.TargetSessionAttrs != "primary" || strings.Count(pairs, "connect_timeout=1") != 1 {
		t.Errorf("the pairs become %s, read as %v and %v", pairs, cfg.TargetSessionAttrs, err)
	}
}
