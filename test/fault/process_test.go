package fault

import (
	"bufio"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/serving"
)

// serviceVariable tells a process of this test binary that it is a service, and
// contains its settings.
const serviceVariable = "APIKEYS_FAULT_SERVICE"

// settings are the settings of a service in a separate process.
type settings struct {
	DatabaseURL, ReadDatabaseURL string
	JWKSFile, Issuer, Audience   string
	CacheKeys                    int    // 0 means the default
	LimitsDuringOutage           string // "" means the default
	Webhooks                     bool   // to any address
	// Migrates makes the process apply migrations and exit.
	Migrates bool
	// Older is the binary that runs instead, "" for none, and OlderMigrates its
	// APIKEYS_MIGRATE.
	Older, OlderMigrates string
}

// The pepper and the sealing key of every service in a separate process.
var (
	pepper     = "p1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	sealingKey = "s1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
)

// deployment starts services, one after the other or side by side, on one
// database.
type deployment struct {
	settings settings
	token    string
}

func deploy(t *testing.T, databaseURL string) *deployment {
	t.Helper()
	issuer := jwttest.NewIssuer(t)
	return &deployment{
		settings: settings{
			DatabaseURL: databaseURL,
			JWKSFile:    issuer.JWKSFile(t), Issuer: issuer.Issuer(), Audience: issuer.Audience(),
		},
		token: ownerToken(t, issuer),
	}
}

// process is a service in a separate process. It ends with the test, or with
// the test's process.
type process struct {
	*world
	cmd  *exec.Cmd
	stay io.Closer
}

func (d *deployment) start(t *testing.T) *process {
	t.Helper()
	cmd := d.settings.command(t)
	stay, stdinErr := cmd.StdinPipe()
	said, stdoutErr := cmd.StdoutPipe()
	if stdinErr != nil || stdoutErr != nil {
		t.Fatal(stdinErr, stdoutErr)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{world: &world{token: d.token, client: newClient(t)}, cmd: cmd, stay: stay}
	t.Cleanup(func() { p.end(t) })
	if _, err := fmt.Fscan(bufio.NewReader(said), &p.public, &p.internal); err != nil {
		t.Fatalf("the service did not start: %v", err)
	}
	return p
}

// command returns a command that runs this test binary.
func (s settings) command(t *testing.T) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self)
	cmd.Env = append(os.Environ(), serviceVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	return cmd
}

func newClient(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// kill ends the service with SIGKILL.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // it was killed, which is an error
}

// end stops a running service gracefully.
func (p *process) end(t *testing.T) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.stay.Close()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("service: %v", err)
	}
}

// beService serves until its standard input ends, and prints its addresses to
// standard output.
func beService(text string) error {
	var s settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	if s.Older != "" {
		return beOlder(s)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if s.Migrates {
		return apikeys.Migrate(ctx, s.config())
	}
	service, err := apikeys.New(ctx, s.config(),
		apikeys.WithLogger(slog.New(slog.DiscardHandler)),
		apikeys.WithMetrics(telemetry.New(telemetry.Options{})),
		apikeys.WithListening(func(l apikeys.Listeners) {
			fmt.Fprintf(os.Stdout, "http://%s http://%s\n", l.Public, l.Internal)
		}))
	if err != nil {
		return err
	}
	defer func() { _ = service.Close() }()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return service.Run(ctx)
}

func (s settings) config() config.Config {
	cfg := serving.Config()
	cfg.DatabaseURL, cfg.ReadDatabaseURL = config.Secret(s.DatabaseURL), config.Secret(s.ReadDatabaseURL)
	cfg.JWKSFile, cfg.JWTIssuer, cfg.JWTAudience = s.JWKSFile, s.Issuer, s.Audience
	cfg.Peppers = config.Secret(pepper)
	cfg.CacheKeys = cmp.Or(s.CacheKeys, cfg.CacheKeys)
	cfg.LimitsDuringOutage = cmp.Or(s.LimitsDuringOutage, cfg.LimitsDuringOutage)
	cfg.ManagementRate, cfg.MaxKeysPerWorkspace = 0, 0
	if s.Webhooks {
		cfg.SealingKeys, cfg.WebhookInsecure = config.Secret(sealingKey), true
	}
	return cfg
}
