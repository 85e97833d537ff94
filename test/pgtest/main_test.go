package pgtest

import (
	"fmt"
	"os"
	"testing"
)

// holdVariable turns this test binary into a process that starts a server, prints
// its URL and waits to be killed.
const holdVariable = "PGTEST_HOLD_A_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(holdVariable) == "" {
		Main(m)
	}
	server, err := newInstance(defaultSettings())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(server.admin().url("postgres"))
	select {}
}
