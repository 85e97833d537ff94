package fault

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/test/pgtest"
)

// soakVariable selects the long form of the tests. Its value multiplies how
// often each fault is injected.
const soakVariable = "APIKEYS_SOAK"

// patience bounds the wait for anything that must happen eventually. It is not
// a promise: the long form asserts how soon things happen.
const patience = time.Minute

// soaking reports whether the tests run in their long form.
func soaking() bool { return os.Getenv(soakVariable) != "" }

// startDurable starts a database whose commits survive its crash. Only the long form
// waits for a disk.
func startDurable(t *testing.T) *pgtest.Server {
	t.Helper()
	options := []pgtest.Option{pgtest.WithDurability()}
	if soaking() {
		options = append(options, pgtest.OnDisk())
	}
	return pgtest.Start(t, options...)
}

// times returns how often a fault is injected in the short form or the long one.
func times(t *testing.T, short, long int) int {
	t.Helper()
	if !soaking() {
		return short
	}
	text := os.Getenv(soakVariable)
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of times", soakVariable, text)
	}
	return n * long
}

// exceeded reports a measurement that is worse than its target. Only the long
// form fails, because durations depend on the load of the machine, and the
// short form must pass under any load.
func exceeded(t *testing.T, format string, args ...any) {
	t.Helper()
	if soaking() {
		t.Errorf(format, args...)
		return
	}
	t.Logf("measured, not asserted: "+format, args...)
}

// eventually polls f, for events that nothing announces. What takes long is polled less
// often, unless its duration is asserted.
func eventually(t *testing.T, otherwise string, f func() bool) {
	t.Helper()
	deadline := time.After(patience)
	between := pause
	for !f() {
		select {
		case <-deadline:
			t.Fatalf("after %v: %s", patience, otherwise)
		case <-time.After(between):
		}
		if !soaking() {
			between = min(between*3/2, trafficPause())
		}
	}
}
