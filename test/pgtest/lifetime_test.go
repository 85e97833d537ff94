package pgtest

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
)

func TestMain_LeavesNothingBehind(t *testing.T) {
	t.Parallel()
	tmp := openTempDir(t)
	output, err := rerun(t, tmp, "-test.run=^TestNewDatabase_IsEmptyAndSeparate$").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if left := list(t, tmp); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSweep_StopsAServerWhoseRunIsGone(t *testing.T) {
	t.Parallel()
	orphan, err := newInstance(defaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = orphan.stop(Immediate) })
	endRun(t, orphan.home)

	sweepHome(orphan.home.path)

	<-orphan.process.ended
	if _, err := os.Stat(orphan.home.path); !os.IsNotExist(err) {
		t.Errorf("its files still exist: %v", err)
	}
}

func TestSweep_KeepsTheHomeOfALiveRun(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	living, err := newHome(tmp, nil)
	if err != nil {
		t.Fatal(err)
	}
	sweep(tmp)
	if got := list(t, tmp); len(got) != 1 {
		t.Fatalf("the sweep left %v", got)
	}
	endRun(t, living)
	sweep(tmp)
	if got := list(t, tmp); len(got) != 0 {
		t.Errorf("the sweep left %v", got)
	}
}

func TestMakeReachable_CopiesAnInaccessibleInstallation(t *testing.T) {
	t.Parallel()
	prefix := t.TempDir() // closed to every other account
	makeDir(t, prefix+"/bin")
	if err := os.WriteFile(prefix+"/bin/postgres", []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	user, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	h, err := newHome(os.TempDir(), user)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.remove() })
	b := binaries{dir: prefix + "/bin", user: user}

	if err := b.makeReachable(h); err != nil {
		t.Fatal(err)
	}

	if err := b.run(h, "postgres"); err != nil {
		t.Error(err)
	}
}

// endRun releases the lock of h, as the kernel does when the run ends. It unlocks the
// file and does not only close it: the lock belongs to all duplicates of the
// descriptor, and a process that a parallel test starts has one until it executes.
func endRun(t *testing.T, h *home) {
	t.Helper()
	if err := syscall.Flock(int(h.lock.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	_ = h.lock.Close()
}

// openTempDir is like t.TempDir, but the server's account can enter the folder.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgtest-lifetime-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// rerun returns a command that runs this test binary again, with temporary files in
// tmp and its own server.
func rerun(t *testing.T, tmp string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), os.Args[0], args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return len(v) > len(urlVariable) && v[:len(urlVariable)+1] == urlVariable+"="
	})
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	return cmd
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
