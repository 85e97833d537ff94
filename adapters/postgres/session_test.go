package postgres

import (
	"strings"
	"testing"
)

// A server must not depend on TCP to learn that a process has vanished.
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

// Scanning a table without an index appears expensive, since it is discouraged.
func TestPool_CompilesNoStatement(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t, migrated(t))
	var plan []string
	err := repo.pool.SelectContext(t.Context(), &plan, `EXPLAIN SELECT version_id FROM apikeys_schema_versions WHERE is_applied`)
	if err != nil || !strings.Contains(plan[0], "Seq Scan") || strings.Contains(strings.Join(plan, "\n"), "JIT") {
		t.Errorf("the plan is %q, error %v, want a scan that is not compiled", plan, err)
	}
}
