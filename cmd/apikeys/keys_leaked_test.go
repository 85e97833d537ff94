package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/serving"
)

// The clock of the replicas stands still, so that no cached key grows old: what stops
// the key within a second of theirs is that they learn of the change.
func TestKeysFind_StopsALeakedKeyAtEveryReplica(t *testing.T) {
	t.Parallel()
	cfg := serving.Config()
	cfg.DatabaseURL = config.Secret(pgtest.NewDatabase(t))
	now := time.Now()
	var replicas []*serving.Service
	for range 2 {
		replicas = append(replicas, serving.Start(t, cfg,
			apikeys.WithAuthenticator(serving.Owner{}), apikeys.WithClock(func() time.Time { return now })))
	}
	ws := replicas[0].OperatorWorkspace("tester", "ws_1", domain.Origin{})
	created, err := ws.CreateKey(t.Context(), apikeys.KeySpec{Name: "k", Scopes: []string{"payment:read"}})
	if err != nil {
		t.Fatal(err)
	}
	verdict := func(replica *serving.Service) domain.Verdict {
		t.Helper()
		decision, err := replica.Authorize(t.Context(), apikeys.Check{Secret: created.Secret, Scopes: []domain.Scope{"payment:read"}})
		if err != nil {
			t.Fatal(err)
		}
		return decision.Verdict
	}
	for i, replica := range replicas { // so that the key is cached
		if got := verdict(replica); got != domain.VerdictOK {
			t.Fatalf("replica %d: %s", i, got)
		}
	}
	leaked := filepath.Join(t.TempDir(), "leaked.txt")
	if err := os.WriteFile(leaked, []byte("key = "+created.Secret.Reveal()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, self(t), "keys", "find", "--disable", "--yes", "--operator", "alice", leaked)
	command.Args[0] = "apikeys"
	command.Env = []string{raceAtOnce, "APIKEYS_DATABASE_URL=" + cfg.DatabaseURL.Reveal(), "APIKEYS_PEPPERS=" + cfg.Peppers.Reveal()}
	output, err := command.CombinedOutput()
	if err != nil || strings.Contains(string(output), created.Secret.Reveal()) {
		t.Fatalf("%v\n%s", err, strings.ReplaceAll(string(output), created.Secret.Reveal(), "SECRET"))
	}

	for i, replica := range replicas {
		for verdict(replica) != domain.VerdictDisabled {
			select {
			case <-ctx.Done():
				t.Fatalf("replica %d: the key is not disabled", i)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	trail, err := ws.KeyEvents(t.Context(), created.Key.ID(), domain.Page{})
	if err != nil || trail.Total != 3 {
		t.Fatalf("%d events, %v", trail.Total, err)
	}
	for i, want := range []domain.EventType{domain.EventLeaked, domain.EventDisabled} {
		if event := trail.Events[i]; event.Type != want || event.By.AccountID != "operator:alice" {
			t.Errorf("event %d is %s by %s", i, event.Type, event.By.AccountID)
		}
	}
}
