package pgtest

import (
	"bufio"
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
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
	pid, port, err := readPostmasterPID(filepath.Join(path, "data", "postmaster.pid"))
	if err != nil {
		return
	}
	socket := filepath.Join(path, ".s.PGSQL."+port)
	if !answers(socket) || syscall.Kill(pid, Immediate.signal()) != nil {
		return
	}
	for deadline := time.Now().Add(stopTimeout); answers(socket) && time.Now().Before(deadline); {
		time.Sleep(pollInterval) //nolint:forbidigo // only a parent can wait for a process
	}
}

// readPostmasterPID returns the process ID (line 1) and the port (line 4).
func readPostmasterPID(file string) (pid int, port string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	var lines [4]string
	for i, scanner := 0, bufio.NewScanner(f); i < len(lines) && scanner.Scan(); i++ {
		lines[i] = scanner.Text()
	}
	pid, err = strconv.Atoi(lines[0])
	return pid, lines[3], err
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
