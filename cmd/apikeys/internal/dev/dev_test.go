package dev_test

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
	"github.com/slaunchx/apikeys/cmd/apikeys/internal/dev"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

func TestConfig_IsValidAndListensOnLoopback(t *testing.T) {
	t.Parallel()
	cfg, _, err := dev.Config(filepath.Join(t.TempDir(), "dev"))
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

func TestConfig_GivesProcessesThatStartAtOnceTheSameSecrets(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	given := make([][2]config.Secret, 16)
	var callers sync.WaitGroup
	for i := range given {
		callers.Go(func() {
			cfg, _, err := dev.Config(dir)
			if err != nil {
				t.Error(err)
			}
			given[i] = [...]config.Secret{cfg.Peppers, cfg.SealingKeys}
		})
	}
	callers.Wait()
	for i, g := range given {
		if g[0] == "" || g[1] == "" || g != given[0] {
			t.Errorf("caller %d has another pepper or sealing key than the first", i)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".new-*"))
	if err != nil || left != nil {
		t.Errorf("files of no use are left: %v, %v", left, err)
	}
}

func TestConfig_FailsWhereNothingCanBeCreated(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dev.Config(filepath.Join(file, "dev")); err == nil {
		t.Error("it made a directory inside a file")
	}
}

func TestConfig_NamesADamagedPepperFile(t *testing.T) {
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
			_, _, err := dev.Config(dir)
			if err == nil || !strings.Contains(err.Error(), path+" is damaged; remove it") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error should name the file and show nothing of it: %v", err)
			}
			if kept, err := os.ReadFile(path); err != nil || string(kept) != content {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

func TestToken_DistinguishesAnUnreachableIssuerFromNone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := dev.Token(filepath.Join(file, "dev"), dev.Claims{Account: "a", Portal: domain.PortalPartner, TTL: time.Hour})
	if err == nil || errors.Is(err, dev.ErrNoIssuer) {
		t.Errorf("got %v, want what is in the way", err)
	}
}

func TestToken_CreatesNoKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	_, err := dev.Token(dir, dev.Claims{Account: "a", Portal: domain.PortalPartner, TTL: time.Hour})
	if !errors.Is(err, dev.ErrNoIssuer) {
		t.Errorf("got %v, want %v", err, dev.ErrNoIssuer)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it left a directory")
	}
}
