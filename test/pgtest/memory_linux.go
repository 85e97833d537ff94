package pgtest

import "golang.org/x/sys/unix"

const (
	// memoryFolder is a file system in memory. Creating and dropping a database
	// writes and removes 300 files, which costs several times as much on a disk.
	memoryFolder = "/dev/shm"
	// memoryNeeded is how many bytes must be free there: the servers of several
	// test packages use it at once, with up to 1 GB each.
	memoryNeeded = 4 << 30
)

// hasMemory reports whether the files of servers fit into memoryFolder. Programs in it
// must be executable, because binaries may have to be copied.
func hasMemory() bool {
	var stat unix.Statfs_t
	return unix.Statfs(memoryFolder, &stat) == nil &&
		stat.Bavail*uint64(stat.Bsize) >= memoryNeeded &&
		stat.Flags&unix.ST_NOEXEC == 0 &&
		unix.Access(memoryFolder, unix.W_OK) == nil
}
