package sqlite_test

import (
	"testing"

	"github.com/slaunchx/apikeys/ports/portstest"
)

func BenchmarkKeyRepository(b *testing.B) { portstest.BenchmarkKeyRepository(b, open) }
