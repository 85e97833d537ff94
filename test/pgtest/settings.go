package pgtest

import "slices"

// settings are configuration parameters of a server, as command-line
// arguments; the last value of a name is the one that counts.
type settings struct{ args []string }

func (s *settings) set(name, value string) { s.args = append(s.args, "-c", name+"="+value) }

// defaultSettings trade durability, which few tests look at, for speed.
func defaultSettings() settings {
	var s settings
	s.set("fsync", "off")
	s.set("full_page_writes", "off")
	s.set("synchronous_commit", "off")
	s.set("max_connections", "200") // packages run dozens of pools in parallel
	s.set("listen_addresses", loopback)
	// A client that connects during a shutdown and says nothing, as through a
	// proxy that was told to be silent, holds the shutdown up for this long.
	s.set("authentication_timeout", "20s")
	// Failed statements are what tests provoke; only the server's own
	// troubles are worth the log.
	s.set("log_min_messages", "log")
	return s
}

// at returns the arguments of a server in that home, on that port.
func (s settings) at(h *home, port string) []string {
	return append(slices.Clone(s.args),
		"-c", "port="+port,
		"-c", "unix_socket_directories="+h.path,
		"-D", h.data())
}
