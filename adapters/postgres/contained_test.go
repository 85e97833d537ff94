package postgres

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func TestUntilDone_TurnsAPanicIntoAnError(t *testing.T) {
	t.Parallel()
	_, err := untilDone(t.Context(), func() (int, error) { panic("the marked value") })
	if err == nil || errors.Is(err, domain.ErrUnavailable) || strings.Contains(err.Error(), "the marked value") {
		t.Errorf("error = %v, want one that is internal and does not tell the value", err)
	}
	if !strings.Contains(err.Error(), "using the store panicked with a string") || !strings.Contains(err.Error(), "contained_test.go") {
		t.Errorf("error = %v, want the type of the value and the stack", err)
	}
}

// A function that comes before the one of PostgreSQL, as with an extension that
// emulates locks, returns no row.
func TestCreate_FailsWhenTheServerReturnsNoRow(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	openMigrated(t, dsn).maintenance.MustExecContext(t.Context(), `
CREATE SCHEMA before;
CREATE FUNCTION before.pg_try_advisory_xact_lock(bigint) RETURNS SETOF boolean LANGUAGE sql AS 'SELECT true WHERE false';
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = before, public, pg_catalog', current_database()); END $$`)
	repo := openMigrated(t, dsn)
	id := createIn(t, repo)
	idempotency := &ports.Idempotency{Key: "order-42", At: time.Now(), Until: time.Now().Add(time.Hour)}
	err := repo.Update(t.Context(), "ws", id, func(key *domain.APIKey) (domain.Event, error) {
		return key.Disable("evt", domain.Author{}, time.Now()), nil
	}, ports.UpdateOptions{Idempotency: idempotency})
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Update gives %v, want ErrUnavailable", err)
	}
}
