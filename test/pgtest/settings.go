package pgtest

import (
	"os"
	"slices"
)

// settings are the configuration parameters of a server as command-line arguments.
// The last value of a name wins.
type settings struct {
	args     []string
	disk     bool
	identity bool
}

func (s *settings) set(name, value string) { s.args = append(s.args, "-c", name+"="+value) }

// defaultSettings trades durability, which few tests need, for speed.
func defaultSettings() settings {
	var s settings
	s.set("fsync", "off")
	s.set("full_page_writes", "off")
	s.set("synchronous_commit", "off")
	s.set("max_wal_size", "128MB")  // the files may be in memory
	s.set("max_connections", "400") // test packages use dozens of pools in parallel
	s.set("jit", "off")             // compiling takes longer than any statement of a test
	s.set("listen_addresses", loopback)
	// A client that connects during a shutdown and sends nothing, for example
	// through a proxy that drops data, delays the shutdown for this long.
	s.set("authentication_timeout", "20s")
	// Tests provoke failing statements; log only problems of the server itself.
	s.set("log_min_messages", "log")
	return s
}

// at returns the arguments of a server in h that listens on port.
func (s settings) at(h *home, port string) []string {
	return append(slices.Clone(s.args),
		"-c", "port="+port,
		"-c", "unix_socket_directories="+h.path,
		"-D", h.data())
}

// folder returns where a server stores its files: in memory if there is enough, unless
// TMPDIR names another place, or they must be on a disk.
func (s settings) folder() string {
	if !s.disk && os.Getenv("TMPDIR") == "" && hasMemory() {
		return memoryFolder
	}
	return os.TempDir()
}
