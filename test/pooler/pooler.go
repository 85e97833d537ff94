// Package pooler runs PgBouncer between tests and a PostgreSQL server.
package pooler

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	_ "github.com/lib/pq" // the driver that checks whether the pooler is ready

	"github.com/slaunchx/apikeys/test/servers"
)

// Mode determines when PgBouncer gives a server connection to another client.
type Mode string

// The modes of PgBouncer that the tests use.
const (
	Session     Mode = "session"
	Transaction Mode = "transaction"
	Statement   Mode = "statement"
)

// readyTimeout bounds the wait for PgBouncer to start.
const readyTimeout = 30 * time.Second

// Pooler is a running PgBouncer.
type Pooler struct {
	databaseURL url.URL
	config      string // path of the configuration file
	port        string
	settings    string     // that are the same in every mode
	account     *user.User // that PgBouncer runs as, or nil for the account of the test
	log         *os.File
}

// Start runs PgBouncer in front of the server of databaseURL until the test
// ends. It keeps at most size connections for each database.
func Start(t testing.TB, databaseURL string, mode Mode, size int) *Pooler {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatalf("pooler: %v", err)
	}
	dir := tempDir(t)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatalf("pooler: %v", err)
	}
	t.Cleanup(func() { _ = log.Close() })
	p := &Pooler{databaseURL: *u, config: filepath.Join(dir, "pgbouncer.ini"), port: freePort(t), log: log}
	password, _ := u.User.Password()
	p.settings = fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
admin_users = admin
default_pool_size = %d
max_client_conn = 500
server_login_retry = 1
`, u.Hostname(), u.Port(), u.User.Username(), password, p.port, size)
	if p.account = account(t); p.account != nil {
		p.settings += "user = " + p.account.Username + "\n"
	}
	p.configure(t, mode)
	p.start(t)
	p.awaitReady(t)
	return p
}

// URL returns the URL of the database through the pooler.
func (p *Pooler) URL() string { return p.through(p.databaseURL) }

// URLOf returns the URL of another database of the server through the pooler.
func (p *Pooler) URLOf(t testing.TB, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatalf("pooler: %v", err)
	}
	return p.through(*u)
}

func (p *Pooler) through(u url.URL) string {
	u.Host = net.JoinHostPort("127.0.0.1", p.port)
	// A pooler logs in to the server before it answers, which takes long on a busy
	// machine.
	query := u.Query()
	query.Set("connect_timeout", "60")
	u.RawQuery = query.Encode()
	return u.String()
}

// SetMode changes the mode of the running pooler, also for connected clients,
// and returns when it has changed.
func (p *Pooler) SetMode(t testing.TB, mode Mode) {
	t.Helper()
	p.configure(t, mode)
	admin := p.databaseURL
	admin.Host, admin.Path, admin.User = net.JoinHostPort("127.0.0.1", p.port), "/pgbouncer", url.User("admin")
	query := admin.Query()
	query.Set("binary_parameters", "yes") // the console does not support prepared statements
	admin.RawQuery = query.Encode()
	db, err := sql.Open("postgres", admin.String())
	if err != nil {
		t.Fatalf("pooler: %v", err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "RELOAD"); err != nil {
		t.Fatalf("pooler: reload: %v\n%s", err, p.logged())
	}
}

func (p *Pooler) configure(t testing.TB, mode Mode) {
	t.Helper()
	if err := os.WriteFile(p.config, []byte(p.settings+"pool_mode = "+string(mode)+"\n"), 0o600); err != nil {
		t.Fatalf("pooler: %v", err)
	}
	if p.account == nil {
		return
	}
	uid, uidErr := strconv.Atoi(p.account.Uid)
	gid, gidErr := strconv.Atoi(p.account.Gid)
	if err := errors.Join(uidErr, gidErr, os.Chown(p.config, uid, gid)); err != nil {
		t.Fatalf("pooler: %v", err)
	}
}

// start runs PgBouncer in a shell that stops it when its standard input is
// closed: by the test, or by the kernel if the test binary dies.
func (p *Pooler) start(t testing.TB) {
	t.Helper()
	const supervise = `"$0" "$1" </dev/null & cat; kill -INT $!; wait`
	cmd := exec.CommandContext(context.Background(), "sh", "-c", supervise, servers.Find(t, "pgbouncer"), p.config)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("pooler: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("pooler: %v", err)
	}
	t.Cleanup(func() { end(t, cmd, stdin) })
}

func end(t testing.TB, cmd *exec.Cmd, stdin io.Closer) {
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Logf("pooler: %v", err)
	}
}

// awaitReady returns when the database responds through the pooler.
func (p *Pooler) awaitReady(t testing.TB) {
	t.Helper()
	deadline := time.After(readyTimeout)
	for {
		err := p.ping(t.Context())
		if err == nil {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			t.Fatalf("pooler: PgBouncer does not respond: %v\n%s", err, p.logged())
		}
	}
}

func (p *Pooler) ping(ctx context.Context) error {
	db, err := sql.Open("postgres", p.URL())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(ctx, "SELECT 1")
	return err
}

// logged returns the log of PgBouncer.
func (p *Pooler) logged() string {
	content, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(content))
}

// tempDir returns a new directory that every account can enter, unlike that of
// testing.TB.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "apikeys-pooler-*")
	if err != nil {
		t.Fatalf("pooler: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the files in it are for their owner alone
		t.Fatalf("pooler: %v", err)
	}
	return dir
}

// account returns the account to run PgBouncer, which refuses to run as root,
// or nil for the account of the test.
func account(t testing.TB) *user.User {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			return found
		}
	}
	t.Fatal("pooler: PgBouncer does not run as root, and there is neither an account postgres nor nobody")
	return nil
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("pooler: %v", err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatalf("pooler: %v", err)
	}
	return port
}
