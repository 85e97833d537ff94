package sqlite

import (
	"path/filepath"
	"testing"

	"modernc.org/sqlite"
)

// restore overwrites the database of repo with the one at path, as the command
// .restore of the sqlite3 shell does: through SQLite, under the running service.
func restore(t *testing.T, repo *KeyRepository, path string) {
	t.Helper()
	conn, err := repo.writer.Connx(t.Context())
	mustDo(t, err)
	defer func() { _ = conn.Close() }()
	mustDo(t, conn.Raw(func(driverConn any) error {
		backup, err := driverConn.(interface {
			NewRestore(from string) (*sqlite.Backup, error)
		}).NewRestore(path)
		if err != nil {
			return err
		}
		if _, err := backup.Step(-1); err != nil {
			return err
		}
		return backup.Finish()
	}))
}

func TestFeed_SaysLostWhenABackupIsRestored(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		between int // events between the backup and its restore
		after   int // events after the restore, before the next poll
	}{
		"its position went back":                   {between: 2, after: 0},
		"its position was reached again":           {between: 2, after: 2},
		"its position was passed":                  {between: 1, after: 3},
		"by as many events as there were":          {between: 1, after: 1},
		"and nothing had happened since, nor then": {between: 0, after: 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := openMigrated(t)
			store(t, repo, rowsOf("sk_live_0000000000000001", "evt_1"))
			backup := filepath.Join(t.TempDir(), "backup.db")
			repo.writer.MustExecContext(t.Context(), `VACUUM INTO ?`, backup)
			f := startFeed(t, repo)
			if tc.between > 0 {
				insertMany(t, repo, "evt_lost", tc.between)
				told(t, f)
			}

			restore(t, repo, backup)
			if tc.after > 0 {
				insertMany(t, repo, "evt_new", tc.after)
			}
			changes, err := f.Poll(t.Context())
			if err != nil || changes.Lost != (tc.between > 0) {
				t.Errorf("Poll() = lost: %v, keys: %v, %v; want lost: %v", changes.Lost, changes.Keys, err, tc.between > 0)
			}
			if ids := told(t, f); len(ids) != 0 {
				t.Errorf("the next poll tells %v, want nothing", ids)
			}
		})
	}
}
