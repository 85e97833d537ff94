package supply

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const unitPath = "../../deploy/systemd/apikeys.service"

// hardening lists lines that the unit must have.
var hardening = []string{
	"CapabilityBoundingSet=", "DynamicUser=yes", "LimitNOFILE=32768", "LoadCredential=peppers:/etc/apikeys/peppers", "LockPersonality=yes",
	"MemoryDenyWriteExecute=yes", "NoNewPrivileges=yes", "PrivateDevices=yes", "PrivateTmp=yes", "PrivateUsers=yes",
	"ProtectControlGroups=yes", "ProtectHome=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes",
	"ProtectSystem=strict", "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", "RestrictNamespaces=yes",
	"RestrictSUIDSGID=yes", "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
	"SystemCallFilter=~@privileged @resources", "UMask=0077",
	"Environment=APIKEYS_PEPPERS_FILE=%d/peppers", "RestartPreventExitStatus=78", "TimeoutStopSec=60s",
}

func unit(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(unitPath)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestUnit_IsHardened(t *testing.T) {
	t.Parallel()
	lines := strings.Split(unit(t), "\n")
	for _, want := range hardening {
		if !slices.Contains(lines, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// The test does nothing if systemd is not installed.
func TestUnit_IsValidForSystemd(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not installed")
		return
	}
	path := filepath.Join(t.TempDir(), "apikeys.service")
	installed := strings.Replace(unit(t), "/usr/local/bin/apikeys", "/bin/sh", 1) // an existing program
	if err := os.WriteFile(path, []byte(installed), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", path},
		{"security", "--offline=true", "--threshold=15", path}, // in tenths, on a scale of 0 to 10
	} {
		if said, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput(); err != nil || args[0] == "verify" && len(said) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, said)
		}
	}
}
