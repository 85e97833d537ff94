package sqlite

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
)

func openMigrated(t testing.TB) *KeyRepository {
	t.Helper()
	repo, err := Open(t.Context(), Migrated(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return repo
}

// rowsOf is a key that cannot be stored when eventID is empty: the last of its
// inserts fails.
func rowsOf(id, eventID string) newRows {
	return newRows{
		Key:     sqlkit.KeyColumns[int64]{ID: id, WorkspaceID: "ws", Name: "Key", Mode: 1, Scopes: `[]`, IPWhitelist: `[]`, RateLimits: `[]`},
		Secrets: []sqlkit.SecretColumns[int64]{{Algorithm: "hmac-sha256", Digest: make([]byte, 32)}},
		Event:   sqlkit.EventColumns[int64]{ID: eventID, KeyID: id, WorkspaceID: "ws", Type: "CREATED", Changes: `[]`},
	}
}

func TestBatch_FailsOnlyForCallersWhoseRowsFail(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	const first, second, broken = "sk_live_0000000000000001", "sk_live_0000000000000002", "sk_live_0000000000000003"
	var batch []*write
	for _, rows := range []newRows{rowsOf(first, "evt_1"), rowsOf(first, "evt_2"), rowsOf(broken, ""), rowsOf(second, "evt_3")} {
		batch = append(batch, newWrite(t.Context(), func(_ context.Context, tx transaction) error { return tx.create(rows, 0) }))
	}
	repo.committer.commit(batch)

	if err := <-batch[0].answer; err != nil {
		t.Errorf("the first gets %v", err)
	}
	if err := <-batch[1].answer; !errors.Is(err, domain.ErrKeyExists) {
		t.Errorf("the twin gets %v, want ErrKeyExists", err)
	}
	if err := <-batch[2].answer; err == nil || errors.Is(err, domain.ErrKeyExists) {
		t.Errorf("the broken one gets %v, want the failed check", err)
	}
	if err := <-batch[3].answer; err != nil {
		t.Errorf("the last gets %v", err)
	}
	for id, stored := range map[domain.KeyID]bool{first: true, second: true, broken: false} {
		if _, err := repo.Find(t.Context(), id); (err == nil) != stored {
			t.Errorf("Find %s gives %v", id, err)
		}
	}
}

func TestBatch_LeavesOutCallersThatGaveUp(t *testing.T) {
	t.Parallel()
	c := &committer{queue: make(chan *write, 2)}
	gaveUp, waits := &write{}, &write{}
	gaveUp.claim()
	c.queue <- waits

	if batch := c.batch(gaveUp); len(batch) != 1 || batch[0] != waits {
		t.Errorf("the batch has %d writes, want the one that waits", len(batch))
	}
}

func TestCreate_ReturnsWhenTheStoreIsClosed(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	if err := repo.Close(); err != nil {
		t.Fatal(err)
	}
	create := func(_ context.Context, tx transaction) error {
		return tx.create(rowsOf("sk_live_0000000000000001", "evt_1"), 0)
	}
	if err := repo.committer.do(context.Background(), create); !errors.Is(err, errClosed) {
		t.Errorf("do gives %v, want errClosed", err)
	}
}
