package fault

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestMain(m *testing.M) {
	if settings := os.Getenv(serviceVariable); settings != "" {
		if err := beService(settings); err != nil {
			fmt.Fprintln(os.Stderr, "service:", err)
			os.Exit(1)
		}
		return
	}
	pgtest.Main(m)
}

// soakVariable has the tests bring their faults about as often as the long form
// does, or that many times as often.
const soakVariable = "APIKEYS_SOAK"

// times returns how often a fault is brought about in the short form or the long one.
func times(t *testing.T, short, long int) int {
	t.Helper()
	text := os.Getenv(soakVariable)
	if text == "" {
		return short
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of times", soakVariable, text)
	}
	return n * long
}
