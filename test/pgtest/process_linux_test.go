package pgtest

import (
	"bufio"
	"database/sql"
	"os"
	"strings"
	"testing"
)

func TestServer_DiesWithAKilledTestBinary(t *testing.T) {
	t.Parallel()
	tmp := openTempDir(t)
	holder := rerun(t, tmp)
	holder.Env = append(holder.Env, holdVariable+"=1")
	holder.Stderr = os.Stderr
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	dsn, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err, holder.Wait())
	}
	ended := make(chan error)
	go func() { ended <- waitForever(t, strings.TrimSpace(dsn)) }()

	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // an error, because it was killed

	if err := <-ended; err == nil {
		t.Error("the query succeeded")
	}
	sweep(tmp)
	if left := list(t, tmp); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// waitForever executes a query that returns when the server stops.
func waitForever(t *testing.T, dsn string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "SELECT pg_sleep(3600)")
	return err
}
