package postgres

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// A read that a silent server does not answer ends with its context, and its connection
// is abandoned.
func TestOpenDB_GivesUpASilentConnection(t *testing.T) {
	t.Parallel()
	l := newSilentLine(t, migrated(t))
	db, err := sql.Open("postgres", l.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	repo, err := OpenDB(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	if err := repo.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	repo.pool.SetMaxOpenConns(1)
	id := createIn(t, repo)
	if _, err := repo.Find(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	l.silent.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := repo.Find(ctx, id); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Find over a silent connection gives %v, want ErrUnavailable", err)
	}
	l.silent.Store(false)
	whole, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := repo.Find(whole, id); err != nil {
		t.Errorf("Find once the server answers: %v", err)
	}
}
