package apikeys_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

func TestDevConfig_IsValidAndListensOnLoopback(t *testing.T) {
	t.Parallel()
	cfg, _, err := apikeys.DevConfig(filepath.Join(t.TempDir(), "dev"))
	if err != nil {
		t.Fatal(err)
	}
	if err := apikeys.Validate(cfg); err != nil {
		t.Errorf("it is refused: %v", err)
	}
	for _, addr := range []string{cfg.Addr, cfg.InternalAddr} {
		if !config.Loopback(addr) {
			t.Errorf("it listens on %s", addr)
		}
	}
}

func TestDevConfig_GivesProcessesThatStartAtOnceTheSamePepper(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	peppers := make([]config.Secret, 16)
	var callers sync.WaitGroup
	for i := range peppers {
		callers.Go(func() {
			cfg, _, err := apikeys.DevConfig(dir)
			if err != nil {
				t.Error(err)
			}
			peppers[i] = cfg.Peppers
		})
	}
	callers.Wait()
	for i, p := range peppers {
		if p == "" || p != peppers[0] {
			t.Errorf("caller %d has another pepper than the first", i)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".new-*"))
	if err != nil || left != nil {
		t.Errorf("files of no use are left: %v, %v", left, err)
	}
}

func TestDevConfig_FailsWhereNothingCanBeCreated(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := apikeys.DevConfig(filepath.Join(file, "dev")); err == nil {
		t.Error("it made a directory inside a file")
	}
}

func TestDevConfig_NamesADamagedPepperFile(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty":     "",
		"no pepper": "hunter2",
		"cut off":   "dev:hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "peppers")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := apikeys.DevConfig(dir)
			if err == nil || !strings.Contains(err.Error(), path+" is damaged; remove it") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error should name the file and show nothing of it: %v", err)
			}
			if kept, err := os.ReadFile(path); err != nil || string(kept) != content {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

func TestDevToken_DistinguishesAnUnreachableIssuerFromNone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := apikeys.DevToken(filepath.Join(file, "dev"), apikeys.DevClaims{Account: "a", Portal: domain.PortalPartner, TTL: time.Hour})
	if err == nil || errors.Is(err, apikeys.ErrNoDevIssuer) {
		t.Errorf("got %v, want what is in the way", err)
	}
}

func TestDevToken_CreatesNoKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	_, err := apikeys.DevToken(dir, apikeys.DevClaims{Account: "a", Portal: domain.PortalPartner, TTL: time.Hour})
	if !errors.Is(err, apikeys.ErrNoDevIssuer) {
		t.Errorf("got %v, want %v", err, apikeys.ErrNoDevIssuer)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it left a directory")
	}
}

func TestValidate_ChecksThePeppersTooAndShowsNone(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Peppers = "hunter2,p1:hunter2"
	var faults config.Faults
	if err := apikeys.Validate(cfg); !errors.As(err, &faults) {
		t.Fatalf("got %v, which holds no faults", err)
	}
	count := map[string]int{}
	for _, fault := range faults {
		count[fault.Variable]++
	}
	if count["APIKEYS_PEPPERS"] != 2 || count["APIKEYS_JWT_ISSUER"] != 1 {
		t.Errorf("not all faults are reported:\n%v", faults)
	}
	if strings.Contains(faults.Error(), "hunter2") {
		t.Error("a pepper is shown")
	}
}
