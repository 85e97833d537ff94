package pgtest_test

import (
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestWithOwnIdentity(t *testing.T) {
	t.Parallel()
	identity := func(options ...pgtest.Option) (id string) {
		db := open(t, pgtest.Start(t, options...).URL("postgres"))
		if err := db.QueryRowContext(t.Context(), "SELECT system_identifier FROM pg_control_system()").Scan(&id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	copied := identity()
	if other := identity(); other != copied {
		t.Errorf("two copies have the identifiers %s and %s", copied, other)
	}
	if own := identity(pgtest.WithOwnIdentity()); own == copied {
		t.Errorf("the identifier %s is that of other servers", own)
	}
}
