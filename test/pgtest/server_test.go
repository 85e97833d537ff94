package pgtest_test

import (
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestServer_RestartsWithSameAddressAndData(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]pgtest.StopMode{
		"after a fast stop": pgtest.Fast,
		"after a crash":     pgtest.Immediate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t, pgtest.WithDurability())
			dsn := server.NewDatabase(t)
			db := open(t, dsn)
			exec(t, db, "CREATE TABLE things (id int)")
			exec(t, db, "INSERT INTO things VALUES (1)")

			server.Stop(mode)
			if err := open(t, dsn).PingContext(t.Context()); err == nil {
				t.Fatal("a stopped server responds")
			}
			server.Restart()

			if n := count(t, open(t, dsn)); n != 1 {
				t.Errorf("%d rows after the restart, want 1", n)
			}
		})
	}
}

func TestServer_RestartsWhileRunning(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	server.Restart()
	if err := open(t, server.URL("postgres")).PingContext(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWithDurability(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		options []pgtest.Option
		fsync   string
	}{
		"syncs its files with the option": {[]pgtest.Option{pgtest.WithDurability()}, "on"},
		"is off by default":               {nil, "off"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, pgtest.Start(t, c.options...).URL("postgres"))
			var fsync string
			if err := db.QueryRowContext(t.Context(), "SHOW fsync").Scan(&fsync); err != nil {
				t.Fatal(err)
			}
			if fsync != c.fsync {
				t.Errorf("fsync is %s, want %s", fsync, c.fsync)
			}
		})
	}
}
