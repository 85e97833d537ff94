package pgtest_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestTemplate_IsFilledOnceAndCopied(t *testing.T) {
	t.Parallel()
	fills := 0
	template := pgtest.NewTemplate(func(dsn string) error {
		fills++
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			return err
		}
		_, err = db.ExecContext(t.Context(), "CREATE TABLE things (id int); INSERT INTO things VALUES (1)")
		return errors.Join(err, db.Close())
	})
	one, two := open(t, template.NewDatabase(t)), open(t, template.NewDatabase(t))
	exec(t, one, "INSERT INTO things VALUES (2)")
	if n := count(t, two); n != 1 || fills != 1 {
		t.Errorf("the second copy has %d rows, and the template was filled %d times, want 1 and 1", n, fills)
	}
}
