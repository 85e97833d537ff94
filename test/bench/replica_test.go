package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/serving"
)

// replicaVariable is the variable that makes a process of this test binary a replica.
// Its value is the replica's configuration in JSON.
const replicaVariable = "APIKEYS_BENCH_REPLICA"

// replica is the configuration of a service in another process.
type replica struct{ DatabaseURL, Peppers string }

// newReplica starts a service in another process and returns the address of its
// internal listener. It stops when t or this process ends.
func newReplica(t testing.TB, databaseURL string, cfg config.Config) (address string) {
	t.Helper()
	settings, err := json.Marshal(replica{DatabaseURL: databaseURL, Peppers: cfg.Peppers.Reveal()})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(context.WithoutCancel(t.Context()), self)
	process.Env = append(os.Environ(), replicaVariable+"="+string(settings))
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := process.Wait(); err != nil {
			t.Errorf("replica: %v", err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("replica: %v", err)
	}
	return strings.TrimSpace(line)
}

// beReplica prints its address on standard output and serves until its standard input
// ends.
func beReplica() {
	if err := serveReplica(os.Getenv(replicaVariable)); err != nil {
		fmt.Fprintln(os.Stderr, "replica:", err)
		os.Exit(1)
	}
}

func serveReplica(settings string) error {
	var r replica
	if err := json.Unmarshal([]byte(settings), &r); err != nil {
		return err
	}
	cfg := serving.Config()
	cfg.DatabaseURL, cfg.Peppers = config.Secret(r.DatabaseURL), config.Secret(r.Peppers)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s, err := apikeys.New(ctx, cfg,
		apikeys.WithAuthenticator(nobody{}),
		apikeys.WithLogger(slog.New(slog.DiscardHandler)),
		apikeys.WithMetrics(telemetry.New(telemetry.Options{})),
		apikeys.WithListening(func(l apikeys.Listeners) { fmt.Println(l.Internal) }))
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return s.Run(ctx)
}

// nobody rejects every token; a replica only checks keys.
type nobody struct{}

func (nobody) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{}, domain.ErrInvalidToken
}
