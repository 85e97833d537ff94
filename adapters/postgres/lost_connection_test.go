package postgres_test

import (
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/relay"
)

func TestCreate_IsMadeOnceWhenItsResponseIsLost(t *testing.T) {
	t.Parallel()
	line := newLine(t, migrated(t))
	repo := openDSN(t, line.dsn)
	createOne(t, repo) // prepares the statement

	line.cutAt.Store(1)
	createOne(t, repo)
	if line.cutAt.Load() > 0 {
		t.Error("no answer was lost")
	}
}

// The statement is sent again, and finds the workspace full because of the key that the
// first statement created.
func TestCreate_SucceedsWhenItsLostResponseTookTheLastPlace(t *testing.T) {
	t.Parallel()
	line := newLine(t, migrated(t))
	repo := openDSN(t, line.dsn)
	createOne(t, repo)

	line.cutAt.Store(1)
	key, event := newKey(t)
	if err := repo.Create(t.Context(), key, event, ports.CreateOptions{MaxKeys: 2}); err != nil {
		t.Errorf("Create of the second key of two gives %v", err)
	}
	if line.cutAt.Load() > 0 {
		t.Error("no answer was lost")
	}
	key, event = newKey(t)
	line.cutAt.Store(1)
	if err := repo.Create(t.Context(), key, event, ports.CreateOptions{MaxKeys: 2}); !errors.Is(err, domain.ErrTooManyKeys) {
		t.Errorf("Create of a third gives %v, want ErrTooManyKeys", err)
	}
	requireKeys(t, repo, 2)
}

func TestCreate_WithAnIdempotencyKeyIsMadeOnceWhereverTheConnectionIsCut(t *testing.T) {
	t.Parallel()
	line := newLine(t, migrated(t))
	repo := openDSN(t, line.dsn)
	const answers = 8 // to begin, the lock, what there is, the key, what is left, to commit; and two more
	lost := 0
	for answer := range int64(answers) {
		create := func(idempotency *ports.Idempotency) error {
			key, event := newKey(t)
			return repo.Create(t.Context(), key, event, ports.CreateOptions{Idempotency: idempotency})
		}
		if err := create(newIdempotency()); err != nil { // prepares the statements
			t.Fatal(err)
		}
		idempotency := newIdempotency()
		line.cutAt.Store(answer + 1)
		err := create(idempotency)
		if line.cutAt.Swap(0) == 0 {
			lost++
		}
		if err != nil && !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("cut at answer %d Create gives %v, want ErrUnavailable", answer+1, err)
		}
		made := err == nil
		for err = domain.ErrIdempotencyKeyInUse; errors.Is(err, domain.ErrIdempotencyKeyInUse); { // until the server notices
			err = create(idempotency)
		}
		if replayed, _ := errors.AsType[*ports.Replayed](err); err != nil && replayed == nil || made && err == nil {
			t.Errorf("cut at answer %d, made: %v, Create gives %v when it is asked for again", answer+1, made, err)
		}
		requireKeys(t, repo, 2*(answer+1))
	}
	if lost < 6 {
		t.Errorf("%d answers were lost", lost)
	}
}

func newIdempotency() *ports.Idempotency {
	return &ports.Idempotency{Key: rand.Text(), At: time.Now(), Until: time.Now().Add(time.Hour)}
}

func requireKeys(t *testing.T, repo *postgres.KeyRepository, want int64) {
	t.Helper()
	list, err := repo.List(t.Context(), "ws_a", domain.KeyFilter{Mode: domain.ModeLive}, domain.Order{}, domain.Page{})
	if err != nil || list.Total != want {
		t.Errorf("there are %d keys, error %v, want %d", list.Total, err, want)
	}
}

func TestUpdate_IsNotRepeatedWhenItsResponseIsLost(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer int64 // after the change
		events int64
	}{
		"before the commit": {1, 2},
		"of the commit":     {2, 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := newLine(t, migrated(t))
			repo := openDSN(t, line.dsn)
			id := createOne(t, repo)
			disable := func(key *domain.APIKey) (domain.Event, error) {
				return key.Disable(newEventID(t), domain.Author{}, time.Now()), nil
			}
			if err := repo.Update(t.Context(), "ws_a", id, disable, ports.UpdateOptions{}); err != nil { // prepares the statements
				t.Fatal(err)
			}
			calls := 0
			err := repo.Update(t.Context(), "ws_a", id, func(key *domain.APIKey) (domain.Event, error) {
				calls++
				line.cutAt.Store(c.answer)
				return key.Enable(newEventID(t), domain.Author{}, time.Now()), nil
			}, ports.UpdateOptions{})
			if !errors.Is(err, domain.ErrUnavailable) || calls != 1 {
				t.Errorf("Update gives %v after %d calls of the change, want ErrUnavailable after one", err, calls)
			}
			if list, err := repo.Events(t.Context(), "ws_a", id, domain.Page{}); err != nil || list.Total != c.events {
				t.Errorf("Events gives %d events and %v, want %d", list.Total, err, c.events)
			}
			if err := repo.Update(t.Context(), "ws_a", id, disable, ports.UpdateOptions{}); err != nil {
				t.Errorf("the next Update gives %v", err)
			}
		})
	}
}

func TestUpdate_IsRetriedWhenTheServerRollsBack(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := createOne(t, repo)
	exec(t, dsn, `CREATE SEQUENCE tries`)
	exec(t, dsn, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF nextval('tries') = 1 THEN RAISE SQLSTATE '40001'; END IF;
RETURN new;
END $$`)
	exec(t, dsn, `CREATE TRIGGER fail BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION fail()`)
	calls := 0
	err := repo.Update(t.Context(), "ws_a", id, func(key *domain.APIKey) (domain.Event, error) {
		calls++
		event := key.Disable(newEventID(t), domain.Author{}, time.Now())
		if event.ID == "" {
			t.Error("the change is given a key that was changed before")
		}
		return event, nil
	}, ports.UpdateOptions{})
	if err != nil || calls != 2 {
		t.Errorf("Update gives %v after %d calls of the change, want success after two", err, calls)
	}
}

func TestCreate_RecoversOnConnectionsThatTheServerEnded(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	createOne(t, repo)
	exec(t, dsn, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	createOne(t, repo)
}

func TestUpdate_RecoversOnConnectionsThatTheServerEnded(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := createOne(t, repo)
	exec(t, dsn, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	disable(t, repo, id)
}

// createOne fails unless a new key and one event are stored.
func createOne(t *testing.T, repo *postgres.KeyRepository) domain.KeyID {
	t.Helper()
	key, event := newKey(t)
	if err := repo.Create(t.Context(), key, event, ports.CreateOptions{}); err != nil {
		t.Fatalf("Create: %v", err)
	}
	list, err := repo.Events(t.Context(), "ws_a", key.ID(), domain.Page{})
	if err != nil || len(list.Events) != 1 || list.Events[0].ID != event.ID {
		t.Fatalf("Events gives %d events and %v, want the one of the creation", len(list.Events), err)
	}
	return key.ID()
}

func newKey(t *testing.T) (*domain.APIKey, domain.Event) {
	t.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	name, _ := domain.ParseName("Production Key")
	draft := domain.Draft{Workspace: "ws_a", Name: name, Mode: domain.ModeLive}
	key, err := domain.Issue(draft, secret.KeyID(), domain.Digest{Algorithm: domain.AlgorithmHMACSHA256}, domain.Author{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return key, key.Created(newEventID(t), domain.Author{})
}

func newEventID(t *testing.T) string {
	t.Helper()
	id, err := domain.NewEventID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// line is a way to a database that can be cut.
type line struct {
	dsn   string
	cutAt atomic.Int64 // which of the next answers of the server to swallow, and hang up; 0: none
}

func newLine(t *testing.T, dsn string) *line {
	t.Helper()
	l := new(line)
	l.dsn = relay.Before(t, dsn, func() relay.Watches { return relay.Watches{Answered: l.watch} })
	return l
}

func (l *line) watch([]byte) relay.Fate {
	if l.cutAt.Load() > 0 && l.cutAt.Add(-1) == 0 {
		return relay.HangUp
	}
	return relay.Pass
}
