package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// renumbered prepares another statement under every number of the driver.
func renumbered(statement string) string {
	var all strings.Builder
	for number := 1; number <= 100; number++ {
		fmt.Fprintf(&all, "PREPARE \"%d\" AS %s;", number, statement)
	}
	return all.String()
}

// A statement that was prepared on a connection may no longer exist there, or may have
// become another one. The request must not fail because of that.
func TestPool_RecoversFromInvalidPreparedStatements(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil string
		fresh bool // nothing was prepared before
	}{
		"a column has another type":  {spoil: `ALTER TABLE api_key_secrets ALTER COLUMN pepper_id TYPE varchar(64); ALTER TABLE api_key_events ALTER COLUMN request_id TYPE varchar(255); ALTER TABLE idempotency_keys ALTER COLUMN fingerprint TYPE bytea, ALTER COLUMN until TYPE timestamptz(6)`},
		"they are gone":              {spoil: `DEALLOCATE ALL`},
		"they take other arguments":  {spoil: `DEALLOCATE ALL; ` + renumbered(`SELECT $1::text, $2::text, $3::text, $4::text`)},
		"the next numbers are taken": {spoil: `DEALLOCATE ALL; ` + renumbered(`SELECT 1`), fresh: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			id := createIn(t, openMigrated(t, dsn))
			repo := openMigrated(t, dsn)
			operations := map[string]func() error{
				"Find": func() error { _, err := repo.Find(t.Context(), id); return err },
				"Get":  func() error { _, err := repo.Get(t.Context(), "ws", id); return err },
				"List": func() error {
					_, err := repo.List(t.Context(), "ws", domain.KeyFilter{}, domain.Order{}, domain.Page{})
					return err
				},
				"Events": func() error { _, err := repo.Events(t.Context(), "ws", id, domain.Page{}); return err },
				"Forget": func() error { _, err := repo.Forget(t.Context(), time.Now(), 10); return err },
				"RecordUse": func() error {
					return repo.RecordUse(t.Context(), ports.UsageBatch{ID: rand.Text(), LastUsed: map[domain.KeyID]time.Time{id: time.Now()}})
				},
				"Update": func() error { disableIn(t, repo, id); return nil },
				"Create": func() error { createIn(t, repo); return nil },
			}
			for operation, run := range operations {
				if c.fresh {
					break
				}
				if err := run(); err != nil {
					t.Fatalf("%s before anything happens: %v", operation, err)
				}
			}
			for operation, run := range operations {
				spoilIdle(t, repo, c.spoil)
				if err := run(); err != nil {
					t.Errorf("%s gives %v", operation, err)
				}
			}
		})
	}
}

// spoilIdle runs statements on every idle connection of the pool.
func spoilIdle(t *testing.T, repo *KeyRepository, statements string) {
	t.Helper()
	for range repo.pool.Stats().Idle {
		conn, err := repo.pool.Conn(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(t.Context(), statements); err != nil {
			t.Fatal(err)
		}
	}
}
