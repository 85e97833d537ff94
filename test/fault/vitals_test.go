package fault

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// How much more an idle service may use than before the test.
const (
	moreGoroutines = 8
	moreFiles      = 20 // connections that a pool may keep
	// mostConnections is the maximum per process that docs/operations.md
	// promises.
	mostConnections = 20
)

// vitals are the resources that a service uses; memory is in bytes.
type vitals struct{ goroutines, files, memory int }

func (w *world) vitals(t *testing.T) vitals {
	t.Helper()
	w.client.CloseIdleConnections()
	text := w.call(t, http.MethodGet, w.internal+"/metrics", "").body
	return vitals{
		goroutines: gauge(t, text, "apikeys_go_goroutines"),
		files:      gauge(t, text, "apikeys_process_open_fds"),
		memory:     gauge(t, text, "apikeys_process_resident_memory_bytes"),
	}
}

func gauge(t *testing.T, text, name string) int {
	t.Helper()
	return int(metric(t, text, name))
}

// metric returns the value of a metric without labels.
func metric(t *testing.T, text, name string) float64 {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n"+name+" ")
	line, _, _ := strings.Cut(rest, "\n")
	value, err := strconv.ParseFloat(line, 64)
	if !found || err != nil {
		t.Fatalf("no metric %s", name)
	}
	return value
}

// mustReturnTo waits until the service uses no more resources than before, and
// no more connections than promised, none of them busy.
func (w *world) mustReturnTo(t *testing.T, before vitals, connections func() (open, busy int)) {
	t.Helper()
	deadline := time.After(patience) // a silent connection is abandoned after 3 s
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		now := w.vitals(t)
		open, busy := connections()
		if now.goroutines <= before.goroutines+moreGoroutines && now.files <= before.files+moreFiles &&
			open <= mostConnections && busy == 0 {
			t.Logf("at rest: %d goroutines and %d files (%d and %d before), %d connections", now.goroutines, now.files, before.goroutines, before.files, open)
			return
		}
		select {
		case <-deadline:
			t.Errorf("left behind: %+v, %d connections, %d of them busy; before: %+v", now, open, busy, before)
			return
		case <-tick.C:
		}
	}
}

// connectionsOf counts connections to the database of db, except db's own.
func connectionsOf(t *testing.T, databaseURL string) func() (open, busy int) {
	t.Helper()
	db := openDatabase(t, databaseURL)
	db.SetMaxOpenConns(1)
	const others = `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`
	return func() (open, busy int) {
		t.Helper()
		return count(t, db, others), count(t, db, others+` AND state <> 'idle'`)
	}
}
