package apikeys_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
)

func TestValidate_ChecksTheRingsTooAndShowsNone(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Peppers = "hunter2,p1:hunter2"
	cfg.SealingKeys = "s1:hunter2"
	var faults config.Faults
	if err := apikeys.Validate(cfg); !errors.As(err, &faults) {
		t.Fatalf("got %v, which holds no faults", err)
	}
	count := map[string]int{}
	for _, fault := range faults {
		count[fault.Variable]++
	}
	if count["APIKEYS_PEPPERS"] != 2 || count["APIKEYS_SEALING_KEYS"] != 1 || count["APIKEYS_JWT_ISSUER"] != 1 {
		t.Errorf("not all faults are reported:\n%v", faults)
	}
	if strings.Contains(faults.Error(), "hunter2") {
		t.Error("a pepper or sealing key is shown")
	}
}
