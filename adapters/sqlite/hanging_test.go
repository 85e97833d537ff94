package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// gates are the gates of databases, by the path of the file.
var gates sync.Map

// gate makes reads hang until it is open.
type gate struct{ reached, open chan struct{} }

// waitAtGate is an SQL function that blocks its statement until a test opens its gate.
// Like a read from a disk that hangs, it ignores contexts.
const waitAtGate = "wait_at_gate"

func init() {
	sqlite.MustRegisterScalarFunction(waitAtGate, 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		if at, ok := gates.Load(args[0]); ok {
			at.(gate).reached <- struct{}{}
			<-at.(gate).open
		}
		return int64(1), nil
	})
}

// makeReadsHang makes every read of a table hang until release is called, at the latest
// when t ends. Each read that hangs sends on reached.
func makeReadsHang(t *testing.T, repo *KeyRepository) (reached <-chan struct{}, release func()) {
	t.Helper()
	path := repo.file.path
	for _, table := range []string{"api_keys", "api_key_secrets", "api_key_events", "idempotency_keys"} {
		repo.writer.MustExecContext(t.Context(), `ALTER TABLE `+table+` RENAME TO real_`+table)
		repo.writer.MustExecContext(t.Context(), `CREATE VIEW `+table+` AS SELECT * FROM real_`+table+` WHERE `+waitAtGate+`('`+path+`')`)
	}
	closed := gate{reached: make(chan struct{}, 1000), open: make(chan struct{})}
	gates.Store(path, closed)
	release = sync.OnceFunc(func() {
		gates.Delete(path)
		close(closed.open)
	})
	t.Cleanup(release)
	return closed.reached, release
}

// ends fails the test if call does not return, and reports whether it did.
func ends(t *testing.T, what string, call func()) bool {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		call()
	}()
	select {
	case <-done:
		return true
	case <-time.After(time.Minute):
		t.Errorf("%s does not end", what)
		return false
	}
}

func TestReads_EndWithTheirContextThoughTheDiskHangs(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t)
	const id = "sk_live_0000000000000001"
	store(t, repo, rowsOf(id, "evt_1"))
	f := repo.Follow()
	t.Cleanup(func() { _ = f.Close() })
	reached, release := makeReadsHang(t, repo)

	hanging := map[string]func(context.Context) error{
		"Find": func(ctx context.Context) error { _, err := repo.Find(ctx, id); return err },
		"Get":  func(ctx context.Context) error { _, err := repo.Get(ctx, "ws", id); return err },
		"List": func(ctx context.Context) error {
			_, err := repo.List(ctx, "ws", domain.KeyFilter{}, domain.Order{}, domain.Page{})
			return err
		},
		"Events": func(ctx context.Context) error { _, err := repo.Events(ctx, "ws", id, domain.Page{}); return err },
		"Poll":   func(ctx context.Context) error { _, err := f.Poll(ctx); return err },
	}
	waiting := map[string]func(context.Context) error{
		"Find": hanging["Find"],
		"Replayed": func(ctx context.Context) error {
			_, err := repo.Replayed(ctx, "ws", ports.Idempotency{Key: "k"})
			return err
		},
		"Ready":       repo.Ready,
		"Poll":        hanging["Poll"],
		"NewerSchema": func(ctx context.Context) error { _, err := repo.NewerSchema(ctx); return err },
	}
	mustEnd := func(ctx context.Context, name string, read func(context.Context) error) bool {
		return ends(t, name, func() {
			if err := read(ctx); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("%s returns %v, want ErrUnavailable", name, err)
			}
		})
	}
	hang := func(name string) bool {
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			<-reached
			leave()
		}()
		return mustEnd(ctx, name, hanging[name])
	}
	for name := range hanging {
		if !hang(name) {
			return
		}
	}
	for range cap(repo.reading) - (len(hanging) - 1) { // all but Poll have a slot
		if !hang("Find") {
			return
		}
	}
	for name, read := range waiting {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if !mustEnd(ctx, name+", which waits for its turn,", read) {
			return
		}
	}
	if open := repo.reader.Stats().InUse; open > cap(repo.reading) {
		t.Errorf("%d connections are in use, want %d at most", open, cap(repo.reading))
	}

	release()
	if _, err := repo.Find(t.Context(), id); err != nil {
		t.Errorf("once the disk answers, Find() = %v", err)
	}
	if changes, err := f.Poll(t.Context()); err != nil || !changes.Lost {
		t.Errorf("once the disk answers, the first Poll() = lost: %v, %v", changes.Lost, err)
	}
}

func TestClose_EndsThoughTheDiskHangs(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, repo *KeyRepository){
		"within a read": func(t *testing.T, repo *KeyRepository) {
			t.Helper()
			reached, _ := makeReadsHang(t, repo)
			ctx, leave := context.WithCancel(t.Context())
			go func() {
				<-reached
				leave()
			}()
			ends(t, "Find", func() { _, _ = repo.Find(ctx, "sk_live_0000000000000001") })
		},
		"within a write": func(t *testing.T, repo *KeyRepository) {
			t.Helper()
			hangs, gate := make(chan struct{}), make(chan struct{})
			t.Cleanup(func() { close(gate) })
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				_ = repo.committer.do(ctx, func(context.Context, transaction) error {
					close(hangs)
					<-gate
					return nil
				})
			}()
			<-hangs
			cancel()
		},
	}
	for name, hang := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := openMigrated(t)
			store(t, repo, rowsOf("sk_live_0000000000000001", "evt_1"))
			f := repo.Follow()
			hang(t, repo)
			ends(t, "Close of the feed", func() { _ = f.Close() })
			ends(t, "Close", func() { _ = repo.Close() })
		})
	}
}

// A service that starts on a disk that hangs must get far enough to answer 503.
func TestMigrate_EndsThoughTheFileCannotBeOpened(t *testing.T) {
	t.Parallel()
	repo, err := connect(filepath.Join(t.TempDir(), "keys.db"), nil)
	mustDo(t, err)
	t.Cleanup(func() { mustDo(t, repo.Close()) })
	repo.file.one <- struct{}{} // like a caller that opens the file
	ends(t, "Migrate", func() {
		if err := repo.Migrate(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("Migrate() = %v, want ErrUnavailable", err)
		}
	})
	<-repo.file.one
	mustDo(t, repo.Migrate(t.Context()), repo.Ready(t.Context()))
}
