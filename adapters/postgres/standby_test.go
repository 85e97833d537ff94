package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// replicated is a primary and a standby, with a repository that reads from the standby,
// and that of another process, which uses only the primary.
type replicated struct {
	primary, standby *pgtest.Server
	repo, other      *KeyRepository
	feed             *feed
}

func newReplicated(t *testing.T, options ...pgtest.Option) *replicated {
	t.Helper()
	primary := pgtest.Start(t, options...)
	dsn := primary.NewDatabase(t)
	other := openMigrated(t, dsn)
	grantReads(t, other) // before the standby is created, which could lag behind its own account
	standby := primary.Standby(t)
	repo, err := Open(t.Context(), dsn, WithStandby(asReader(t, standby.URLOf(dsn))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := repo.Close(); err != nil {
			t.Error(err)
		}
	})
	return &replicated{primary: primary, standby: standby, repo: repo, other: other, feed: startFeed(t, repo)}
}

// grantReads creates an account that may only read keys, as an operator would: reads
// from the standby need no other privileges.
func grantReads(t *testing.T, repo *KeyRepository) {
	t.Helper()
	aside(t, repo).MustExecContext(t.Context(), `CREATE ROLE reader LOGIN PASSWORD 'reader'`)
	aside(t, repo).MustExecContext(t.Context(), `GRANT SELECT ON api_keys, api_key_secrets TO reader`)
}

func asReader(t *testing.T, dsn string) string {
	t.Helper()
	at, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	at.User = url.UserPassword("reader", "reader")
	return at.String()
}

// polled polls until the standby has replayed what the poll saw.
func (r *replicated) polled(t *testing.T) {
	t.Helper()
	told(t, r.feed)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for reader := new(standbyReader); ; {
		err := reader.connect(ctx, r.repo.standby.pool)
		if err == nil {
			err = reader.look(ctx)
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		if needed, known := r.repo.floors.now(); err == nil && known && reader.progress.reaches(needed) == nil {
			reader.hangUp()
			return
		}
		if err != nil {
			reader.hangUp()
		}
		told(t, r.feed) // a floor does not last, when the machine is busy
	}
}

// fromStandby reports whether the standby returns the key, and the state of the
// key.
func (r *replicated) fromStandby(t *testing.T, id domain.KeyID) (disabled, ok bool) {
	t.Helper()
	r.repo.standby.resting.Store(nil)
	key, ok := r.repo.standby.Find(t.Context(), id)
	return ok && key.Snapshot().Disabled, ok
}

// read reports whether the key is disabled according to the standby, however slow the
// machine is.
func (r *replicated) read(t *testing.T, id domain.KeyID) (disabled bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		disabled, ok := r.fromStandby(t, id)
		if ok {
			return disabled
		}
		if ctx.Err() != nil {
			t.Fatal("the standby is not read")
		}
		told(t, r.feed) // a floor does not last
	}
}

// disabled reports the status of the key, wherever it is read from.
func (r *replicated) disabled(t *testing.T, id domain.KeyID) bool {
	t.Helper()
	key, err := r.repo.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return key.Snapshot().Disabled
}

func createIn(t *testing.T, repo *KeyRepository) domain.KeyID {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	name, _ := domain.ParseName("Production Key")
	key, err := domain.Issue(domain.Draft{Workspace: "ws", Name: name, Mode: domain.ModeLive}, secret.KeyID(), domain.Digest{Algorithm: domain.AlgorithmHMACSHA256}, domain.Author{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Create(t.Context(), key, key.Created(rand.Text(), domain.Author{}), ports.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return key.ID()
}

func disableIn(t *testing.T, repo *KeyRepository, id domain.KeyID) {
	t.Helper()
	if err := repo.Update(t.Context(), "ws", id, func(key *domain.APIKey) (domain.Event, error) {
		return key.Disable(rand.Text(), domain.Author{}, time.Now()), nil
	}, ports.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestStandby_IsReadOnceItHasReplayedWhatTheFeedReported(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	id := createIn(t, r.other)
	r.polled(t)
	if r.read(t, id) {
		t.Error("the key is disabled")
	}
	if _, ok := r.fromStandby(t, newID()); ok {
		t.Error("it answers for a key that is not there")
	}
}

func TestStandby_ReturnsNoRevokedKeyWhenItLags(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	id := createIn(t, r.other)
	r.polled(t)

	r.standby.Exec(`SELECT pg_wal_replay_pause()`)
	disableIn(t, r.other, id)
	told(t, r.feed)
	if _, ok := r.fromStandby(t, id); ok {
		t.Error("it is read though it does not know what the feed has told")
	}
	if !r.disabled(t, id) {
		t.Error("the key is read as it was before it was disabled")
	}
	made := createIn(t, r.other)
	if r.disabled(t, made) {
		t.Error("a key that only the primary has is disabled")
	}

	r.standby.Exec(`SELECT pg_wal_replay_resume()`)
	r.polled(t)
	if !r.read(t, id) {
		t.Error("once it has caught up the key is not disabled")
	}
}

func TestStandby_IsNotReadAfterAChangeByThisProcess(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	id := createIn(t, r.repo)
	r.polled(t)
	r.standby.Exec(`SELECT pg_wal_replay_pause()`)
	disableIn(t, r.repo, id)
	if _, ok := r.fromStandby(t, id); ok {
		t.Error("it is read though no poll has told where the change stands in the log")
	}
	if !r.disabled(t, id) {
		t.Error("the key is read as it was before it was disabled")
	}
}

func TestStandby_IsNotReadOnceItIsAPrimary(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	id := createIn(t, r.other)
	r.polled(t)
	r.standby.Exec(`SELECT pg_promote()`)
	disableIn(t, r.other, id)
	told(t, r.feed)
	if _, ok := r.fromStandby(t, id); ok {
		t.Error("it is read though it follows nobody any more")
	}
	if !r.disabled(t, id) {
		t.Error("the key is read as it was before it was disabled")
	}
}

func TestStandby_DelaysNobodyWhenItIsDown(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	id := createIn(t, r.other)
	r.polled(t)
	r.repo.standby.resting.Store(nil)
	r.standby.Stop(pgtest.Immediate)
	for range 2 * standbyReaders {
		if r.disabled(t, id) {
			t.Error("the key is disabled")
		}
	}
	if r.repo.standby.resting.Load() == nil {
		t.Error("it is asked again at once")
	}
	r.standby.Restart()
	r.polled(t)
	r.read(t, id)
}

// A dump of production was restored into a second cluster, which has a standby of its
// own. A position in the log of one proves nothing about the other.
func TestStandby_IsNotReadIfItIsOfAnotherCluster(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	id := createIn(t, r.other)
	second := newReplicated(t, pgtest.WithOwnIdentity())
	secondID := copyKey(t, r.other, second.other, id)
	var log bytes.Buffer
	repo, err := Open(t.Context(), r.primary.URLOf(r.repo.dsn), WithStandby(asReader(t, second.standby.URLOf(second.repo.dsn))),
		WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	feed := startFeed(t, repo)
	// The log of the second cluster is ahead of that of the first.
	second.primary.Exec(`CREATE TABLE filler AS SELECT generate_series(1, 100000) AS n`)
	second.polled(t)

	disableIn(t, r.other, id)
	told(t, feed)
	mixed := &replicated{repo: repo, feed: feed}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for log.Len() == 0 && ctx.Err() == nil { // a machine may be too slow to connect at once
		told(t, feed)
		if _, ok := mixed.fromStandby(t, secondID); ok {
			t.Fatal("the standby of another cluster is read")
		}
	}
	if !mixed.disabled(t, id) {
		t.Error("the key is read as it was before it was disabled")
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "does not follow the primary") {
		t.Errorf("the log does not say so:\n%s", log.String())
	}
	unfit, ok := errors.AsType[*UnfitError](repo.Examine(t.Context()))
	if !ok || !unfit.Read {
		t.Errorf("Examine() = %v, want an UnfitError of the read database URL", unfit)
	}
}

// copyKey stores the key of one database in another one.
func copyKey(t *testing.T, from, to *KeyRepository, id domain.KeyID) domain.KeyID {
	t.Helper()
	key, err := from.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Create(t.Context(), key, key.Created(rand.Text(), domain.Author{}), ports.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return id
}

// A cluster has several databases, and a database several schemas.
func TestStandby_ReadsTheTablesOfThePrimary(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	id := createIn(t, r.other)
	r.polled(t)
	r.read(t, id)
	r.primary.Exec(`ALTER ROLE reader SET search_path = elsewhere, public`)
	r.other.pool.MustExecContext(t.Context(), `CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.api_keys (LIKE api_keys INCLUDING ALL);
CREATE TABLE elsewhere.api_key_secrets (LIKE api_key_secrets INCLUDING ALL);
INSERT INTO elsewhere.api_keys SELECT * FROM api_keys;
INSERT INTO elsewhere.api_key_secrets SELECT * FROM api_key_secrets;
GRANT USAGE ON SCHEMA elsewhere TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA elsewhere TO reader`)
	disableIn(t, r.other, id)
	r.caughtUp(t)
	for range standbyReaders {
		reader := <-r.repo.standby.idle
		reader.hangUp() // the next one has the settings of now
		r.repo.standby.idle <- reader
	}
	told(t, r.feed)
	if _, ok := r.fromStandby(t, id); ok {
		t.Error("another table of the same name is read")
	}
	if !r.disabled(t, id) {
		t.Error("the key is read as it was before it was disabled")
	}
}

// caughtUp returns once the standby has replayed all that the primary has.
func (r *replicated) caughtUp(t *testing.T) {
	t.Helper()
	var position string
	if err := r.other.pool.GetContext(t.Context(), &position, `SELECT pg_current_wal_lsn()::text`); err != nil {
		t.Fatal(err)
	}
	standby := sqlx.MustConnect("postgres", r.standby.URLOf(r.repo.dsn))
	t.Cleanup(func() { _ = standby.Close() })
	for reached := false; !reached; {
		if err := standby.GetContext(t.Context(), &reached, `SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn`, position); err != nil {
			t.Fatal(err)
		}
	}
}
