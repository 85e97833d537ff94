//go:build unix && !linux

package pgtest

const memoryFolder = "/dev/shm" // unused

func hasMemory() bool { return false }
