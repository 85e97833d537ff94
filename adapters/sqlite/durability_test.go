package sqlite

import (
	"testing"
)

func TestOpen_ConfiguresEveryConnection(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)

	const full = 2
	writer := map[string]int{"synchronous": full, "foreign_keys": 1, "busy_timeout": 5000, "query_only": 0}
	for pragma, want := range writer {
		var got int
		if err := repo.writer.Get(&got, "PRAGMA "+pragma); err != nil || got != want {
			t.Errorf("writer: %s is %d (%v), want %d", pragma, got, err, want)
		}
	}
	for pragma, want := range map[string]int{"query_only": 1, "busy_timeout": 5000} {
		var got int
		if err := repo.reader.Get(&got, "PRAGMA "+pragma); err != nil || got != want {
			t.Errorf("reader: %s is %d (%v), want %d", pragma, got, err, want)
		}
	}
}
