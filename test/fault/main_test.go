package fault

import (
	"fmt"
	"os"
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
