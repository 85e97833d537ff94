package fault

import (
	"database/sql"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/pgtest"
)

// Each failover uses two servers of its own.
const failovers, failoversSoaking = 1, 5

func TestFailover_LosesNothingWithASynchronousStandby(t *testing.T) {
	t.Parallel()
	for range times(t, failovers, failoversSoaking) {
		failOver(t)
	}
}

func failOver(t *testing.T) {
	t.Helper()
	primary := startDurable(t)
	databaseURL := primary.NewDatabase(t)
	standby := primary.Standby(t)
	primary.Exec(`ALTER SYSTEM SET synchronous_standby_names = '*'`)
	primary.Exec(`SELECT pg_reload_conf()`)
	awaitTrue(t, openDatabase(t, databaseURL), `SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync')`)

	service := deploy(t, eitherOf(t, databaseURL, primary, standby)).start(t)
	good, bad := service.keys(t)
	all := newOwners(ownersAtOnce)
	tr := all.drive(t, service.world, good, bad)
	tr.goesOn(10)
	primary.Stop(pgtest.Immediate)
	lost := time.Now()
	standby.Exec(`SELECT pg_promote()`)
	promoted := time.Now()
	back := service.recovers(t, promoted, good)
	tr.goesOn(10)
	t.Logf("%s; the standby was promoted %v after the loss, and the service recovered %v later",
		tr.end(), promoted.Sub(lost).Round(time.Millisecond), back.Round(time.Millisecond))
	all.finish(t, service.world, openDatabase(t, standby.URLOf(databaseURL)), 1)
	service.end(t)
}

// eitherOf returns the URL of the database on whichever server accepts writes.
func eitherOf(t *testing.T, databaseURL string, servers ...*pgtest.Server) string {
	t.Helper()
	at, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	var hosts, ports string
	for i, s := range servers {
		host, port, err := net.SplitHostPort(s.Host())
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			hosts, ports = hosts+",", ports+","
		}
		hosts, ports = hosts+host, ports+port
	}
	query := at.Query()
	query.Set("host", hosts)
	query.Set("port", ports)
	query.Set("target_session_attrs", "read-write")
	query.Set("connect_timeout", "1")
	at.Host, at.RawQuery = "", query.Encode()
	return at.String()
}

func awaitTrue(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	eventually(t, query, func() bool {
		var is bool
		if err := db.QueryRowContext(t.Context(), query).Scan(&is); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return is
	})
}
