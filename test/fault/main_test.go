package fault

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(100) // as in production, because memory is measured
	if settings := os.Getenv(serviceVariable); settings != "" {
		if err := beService(settings); err != nil {
			fmt.Fprintln(os.Stderr, "service:", err)
			os.Exit(1)
		}
		return
	}
	pgtest.Main(m)
}
