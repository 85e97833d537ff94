package pgtest

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sweep removes what killed runs have left in tmp. It is best effort: it ignores
// what it cannot remove, such as files of another user.
func sweep(tmp string) {
	homes, _ := filepath.Glob(filepath.Join(tmp, homePattern)) // the only error is a bad pattern
	for _, path := range homes {
		sweepHome(path)
	}
}

func sweepHome(path string) {
	lock, err := os.Open(filepath.Join(path, lockName))
	if err != nil {
		return
	}
	defer lock.Close()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return // its run is still alive
	}
	endOrphan(path)
	_ = os.RemoveAll(path)
}

// endOrphan stops a server whose run is gone. It trusts the process ID in the files
// only while the socket in the same folder responds, because the system reuses
// process IDs.
func endOrphan(path string) {
	said, err := readPostmasterPID(filepath.Join(path, "data", "postmaster.pid"))
	if err != nil {
		return
	}
	socket := filepath.Join(path, ".s.PGSQL."+said.port)
	if !answers(socket) || syscall.Kill(said.pid, Immediate.signal()) != nil {
		return
	}
	for deadline := time.Now().Add(stopTimeout); answers(socket) && time.Now().Before(deadline); {
		time.Sleep(pollInterval) //nolint:forbidigo // only a parent can wait for a process
	}
}

// postmasterPID is what a server says of itself in the file postmaster.pid.
type postmasterPID struct {
	pid    int    // line 1
	port   string // line 4
	status string // line 8, which is missing at first
}

func readPostmasterPID(file string) (said postmasterPID, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return postmasterPID{}, err
	}
	var lines [8]string
	copy(lines[:], strings.Split(string(content), "\n"))
	said.port, said.status = lines[3], strings.TrimSpace(lines[7])
	said.pid, err = strconv.Atoi(lines[0])
	return said, err
}

func answers(socket string) bool {
	var dialer net.Dialer
	conn, err := dialer.DialContext(context.Background(), "unix", socket)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
