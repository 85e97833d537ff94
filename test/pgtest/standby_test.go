package pgtest_test

import (
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestStandby_FollowsUntilItIsPromoted(t *testing.T) {
	t.Parallel()
	primary := pgtest.Start(t, pgtest.WithDurability())
	dsn := primary.NewDatabase(t)
	db := open(t, dsn)
	exec(t, db, "CREATE TABLE things (id int)")

	standby := primary.Standby(t)
	primary.Exec("ALTER SYSTEM SET synchronous_standby_names = '*'")
	primary.Exec("ALTER ROLE postgres SET synchronous_commit = 'remote_apply'")
	primary.Restart()
	db = open(t, dsn)
	exec(t, db, "INSERT INTO things VALUES (1)")
	copied := open(t, standby.URLOf(dsn))
	if n := count(t, copied); n != 1 {
		t.Errorf("the standby has %d rows when the commit is acknowledged, want 1", n)
	}
	if _, err := copied.ExecContext(t.Context(), "INSERT INTO things VALUES (2)"); err == nil {
		t.Error("the standby accepts a change")
	}

	primary.Stop(pgtest.Immediate)
	standby.Exec("SELECT pg_promote()")
	exec(t, open(t, standby.URLOf(dsn)), "INSERT INTO things VALUES (2)")
}

func TestDisconnect_EndsReplication(t *testing.T) {
	t.Parallel()
	primary := pgtest.Start(t)
	dsn := primary.NewDatabase(t)
	standby := primary.Standby(t)
	standby.Disconnect()
	exec(t, open(t, dsn), "CREATE TABLE things (id int)")
	standby.Exec("SELECT pg_promote()")
	if _, err := open(t, standby.URLOf(dsn)).ExecContext(t.Context(), "INSERT INTO things VALUES (1)"); err == nil {
		t.Error("the standby has what its primary did after they were disconnected")
	}
}
