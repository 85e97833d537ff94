package postgres

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// uses is a number of unused idempotency keys, one for each creation of a crowd.
type uses []*ports.Idempotency

func newUses(n int) uses {
	var all uses
	for range n {
		now := time.Now().UTC().Truncate(time.Microsecond)
		all = append(all, &ports.Idempotency{Key: rand.Text(), Fingerprint: [32]byte{1}, At: now, Until: now.Add(time.Hour)})
	}
	return all
}

func (u uses) upTo(maxKeys int) func(int) ports.CreateOptions {
	return func(i int) ports.CreateOptions { return ports.CreateOptions{MaxKeys: maxKeys, Idempotency: u[i]} }
}

// requireStandsFor fails the test unless the idempotency key stands for the creation of
// key, or is unused if key is nil.
func (c *crowd) requireStandsFor(t *testing.T, use *ports.Idempotency, key *domain.APIKey) {
	t.Helper()
	replayed, err := c.Replayed(t.Context(), crowded, *use)
	switch {
	case err != nil:
		t.Error(err)
	case key == nil && replayed != nil:
		t.Errorf("the idempotency key stands for %s, want none", replayed.Outcome.ID())
	case key != nil && (replayed == nil || replayed.Outcome.ID() != key.ID() || !replayed.At.Equal(use.At)):
		t.Errorf("the idempotency key stands for %+v, want %s at %v", replayed, key.ID(), use.At)
	}
}

func TestCreate_ThoseWithIdempotencyKeysShareATransaction(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 0)
	keys, events, errs := crowdKeys(t, 9)
	uses := newUses(9)
	c.queue(t.Context(), errs, keys, events, uses.upTo(9))
	c.release()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := c.transactions(t, keys); n != 1 {
		t.Errorf("%d transactions, want 1", n)
	}
	if n := c.living(t); n != 9 {
		t.Errorf("%d keys are counted, want 9", n)
	}
	for i, key := range keys {
		c.requireStandsFor(t, uses[i], key)
	}
}

func TestCreate_ThoseWithAndWithoutIdempotencyKeysTakeTurns(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 0)
	keys, events, errs := crowdKeys(t, 12)
	uses := newUses(12)
	for i := range uses {
		if i%3 == 0 {
			uses[i] = nil
		}
	}
	c.queue(t.Context(), errs, keys, events, uses.upTo(12))
	c.release()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := c.transactions(t, keys); n != 2 {
		t.Errorf("%d transactions, want 2", n)
	}
	if n := c.living(t); n != 12 {
		t.Errorf("%d keys are counted, want 12", n)
	}
	for i, use := range uses {
		if use != nil {
			c.requireStandsFor(t, use, keys[i])
		}
	}
}

func TestCreate_AnIdempotencyKeyInABatchIsUsedOnce(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 0)
	keys, events, errs := crowdKeys(t, 6)
	uses := newUses(6)
	reused := *uses[0]
	reused.Fingerprint[31]++
	uses[2], uses[3], uses[5] = uses[0], &reused, uses[1]
	c.queue(t.Context(), errs, keys, events, uses.upTo(10))
	c.release()
	for i, want := range map[int]int{0: 0, 1: 1, 4: 4, 2: 0, 5: 1} {
		replayed, repeated := errors.AsType[*ports.Replayed](errs[i])
		if is := c.stored(t, keys[i]); is != (i == want) || repeated == is || !repeated && errs[i] != nil {
			t.Errorf("creation %d: stored %v, error %v", i, is, errs[i])
		}
		if repeated && replayed.Outcome.ID() != keys[want].ID() {
			t.Errorf("creation %d gets the outcome of %s, want that of creation %d", i, replayed.Outcome.ID(), want)
		}
	}
	if !errors.Is(errs[3], domain.ErrIdempotencyKeyReused) || c.stored(t, keys[3]) {
		t.Errorf("with another fingerprint: %v, want ErrIdempotencyKeyReused", errs[3])
	}
	if n := c.living(t); n != 3 {
		t.Errorf("%d keys are counted, want 3", n)
	}
}

func TestCreate_IdempotencyKeysInUseAreLeftOutOfABatch(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 0)
	keys, events, errs := crowdKeys(t, 8)
	uses := newUses(8)
	before, created, _ := crowdKeys(t, 3)
	reused, expired := *uses[1], *uses[2]
	reused.Fingerprint[0]++
	expired.At, expired.Until = uses[2].At.Add(-time.Hour), uses[2].At
	for i, use := range []*ports.Idempotency{uses[0], &reused, &expired} {
		if err := c.createOne(&creation{
			ctx: t.Context(), rows: rowsOf(t, before[i], created[i]), made: before[i].Snapshot(), options: ports.CreateOptions{Idempotency: use},
		}); err != nil {
			t.Fatal(err)
		}
	}
	inFlight, err := c.pool.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inFlight.Rollback() }()
	if _, err := inFlight.ExecContext(t.Context(), c.pool.Rebind(lockIdempotencyKey), c.schema.lockText(crowded, uses[3].Key)); err != nil {
		t.Fatal(err)
	}
	c.queue(t.Context(), errs, keys, events, uses.upTo(10))
	c.release()
	if replayed, _ := errors.AsType[*ports.Replayed](errs[0]); replayed == nil || replayed.Outcome.ID() != before[0].ID() {
		t.Errorf("a retry: %v, want the outcome of the first request", errs[0])
	}
	if !errors.Is(errs[1], domain.ErrIdempotencyKeyReused) {
		t.Errorf("with another fingerprint: %v, want ErrIdempotencyKeyReused", errs[1])
	}
	if !errors.Is(errs[3], domain.ErrIdempotencyKeyInUse) {
		t.Errorf("while the first is in flight: %v, want ErrIdempotencyKeyInUse", errs[3])
	}
	rest := []*domain.APIKey{keys[2], keys[4], keys[5], keys[6], keys[7]} // the first with an idempotency key that has expired
	if err := errors.Join(errs[2], errors.Join(errs[4:]...)); err != nil || c.transactions(t, rest) != 1 {
		t.Errorf("the others: %v, in %d transactions, want 1", err, c.transactions(t, rest))
	}
	for _, i := range []int{0, 1, 3} {
		if c.stored(t, keys[i]) {
			t.Errorf("creation %d is stored", i)
		}
	}
	c.requireStandsFor(t, uses[2], keys[2])
	c.requireStandsFor(t, uses[3], nil)
	if n := c.living(t); n != 8 {
		t.Errorf("%d keys are counted, want 3 and 5", n)
	}
}

func TestCreate_ABatchWithoutRoomLeavesIdempotencyKeysUnused(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 3)
	keys, events, errs := crowdKeys(t, 6)
	uses := newUses(6)
	c.queue(t.Context(), errs, keys, events, uses.upTo(7))
	c.release()
	stored := 0
	for i, err := range errs {
		switch is := c.stored(t, keys[i]); {
		case err == nil && is:
			stored++
			c.requireStandsFor(t, uses[i], keys[i])
		case errors.Is(err, domain.ErrTooManyKeys) && !is:
			c.requireStandsFor(t, uses[i], nil)
		default:
			t.Errorf("creation %d: %v, but stored: %v", i, err, is)
		}
	}
	if n := c.living(t); stored != 4 || n != 7 {
		t.Errorf("%d keys are stored, and %d counted, want 4 and 7", stored, n)
	}
}

// atCommit fails the commit of a transaction with an event of that account.
const atCommit = `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.account_id = 'disconnected' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
	IF NEW.account_id = 'rejected' THEN RAISE 'rejected'; END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON api_key_events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()`

func TestCreate_WithAnIdempotencyKeyFailsAlone(t *testing.T) {
	t.Parallel()
	for name, account := range map[string]string{"in its statement": "not \x00 storable", "at the commit": "rejected"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrowd(t, 1)
			if _, err := c.pool.ExecContext(t.Context(), atCommit); err != nil {
				t.Fatal(err)
			}
			keys, events, errs := crowdKeys(t, 5)
			uses := newUses(5)
			events[3].By.AccountID = account
			c.queue(t.Context(), errs, keys, events, uses.upTo(0))
			c.release()
			for i, err := range errs {
				if is := c.stored(t, keys[i]); is != (err == nil) || is != (i != 3) {
					t.Errorf("creation %d: %v, stored %v", i, err, is)
				}
				if i != 3 {
					c.requireStandsFor(t, uses[i], keys[i])
				}
			}
			c.requireStandsFor(t, uses[3], nil)
			if n := c.living(t); n != 5 {
				t.Errorf("%d keys are counted, want 5", n)
			}
		})
	}
}

func TestCreate_ABatchThatIsDisconnectedStoresNothing(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 1)
	if _, err := c.pool.ExecContext(t.Context(), atCommit); err != nil {
		t.Fatal(err)
	}
	keys, events, errs := crowdKeys(t, 4)
	uses := newUses(4)
	events[2].By.AccountID = "disconnected"
	c.queue(t.Context(), errs, keys, events, uses.upTo(0))
	c.release()
	for i, err := range errs {
		if !errors.Is(err, domain.ErrUnavailable) || c.stored(t, keys[i]) {
			t.Errorf("creation %d: %v, want ErrUnavailable", i, err)
		}
		c.requireStandsFor(t, uses[i], nil)
	}
	if n := c.living(t); n != 1 {
		t.Errorf("%d keys are counted, want 1", n)
	}
}

func rowsOf(t *testing.T, key *domain.APIKey, event domain.Event) newRows {
	t.Helper()
	rows, err := codec.Rows(key, event)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
