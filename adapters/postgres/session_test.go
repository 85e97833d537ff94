package postgres

import (
	"testing"
)

// A server must not wait for TCP to tell it that a process has vanished.
func TestPool_DoesNotOutliveItsProcessForLong(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t, migrated(t))
	for name, want := range map[string]string{
		"idle_in_transaction_session_timeout": "5s",
		"lock_timeout":                        "1s",
		"tcp_keepalives_idle":                 "15",
	} {
		var got string
		if err := repo.pool.GetContext(t.Context(), &got, `SHOW `+name); err != nil || got != want {
			t.Errorf("%s is %s, error %v, want %s", name, got, err, want)
		}
	}
}
