package ownstore_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports/portstest"
	"github.com/slaunchx/apikeys/test/ownstore"
)

// guide:begin suites
func TestStore(t *testing.T) {
	t.Parallel()
	portstest.RunStore(t, func(testing.TB) (one, other portstest.Store) {
		s := ownstore.New()
		return s, s
	})
}

// guide:end

func TestStore_InAService(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cfg := config.Default()
	pepper, err := apikeys.NewPepper("p1")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Peppers = config.Secret(pepper)
	// guide:begin service
	store := ownstore.New()
	service, err := apikeys.New(ctx, cfg,
		apikeys.WithStore(apikeys.Store{Keys: store, Changes: store, Usage: store}),
		apikeys.WithAuthenticator(sessions{}))
	// guide:end
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	ws := service.OperatorWorkspace("tester", "ws_1", domain.Origin{})
	created, err := ws.CreateKey(ctx, apikeys.KeySpec{Name: "Production Key", Scopes: []string{"payment:read"}})
	if err != nil {
		t.Fatal(err)
	}
	decision, err := service.Authorize(ctx, apikeys.Check{Secret: created.Secret, Scopes: []domain.Scope{"payment:read"}})
	if err != nil || decision.Verdict != domain.VerdictOK {
		t.Errorf("Authorize() = %v, %v", decision.Verdict, err)
	}
}

type sessions struct{ apikeys.Authenticator }

// The guide shows what is tested here, and the size that it names is right.
func TestGuide_ShowsThisCode(t *testing.T) {
	t.Parallel()
	guide := read(t, "../../docs/bring-your-own-store.md")
	for _, shown := range sections(t, "store_test.go") {
		if !strings.Contains(guide, shown) {
			t.Errorf("the guide lacks:\n%s", shown)
		}
	}
	if lines := fmt.Sprintf("%d lines", strings.Count(read(t, "store.go"), "\n")); !strings.Contains(guide, lines) {
		t.Errorf("the guide does not say that the store has %s", lines)
	}
}

// sections returns the parts of a file that are marked for the guide, without
// their indentation.
func sections(t *testing.T, file string) (all []string) {
	t.Helper()
	var section []string
	indent, within := "", false
	lines := bufio.NewScanner(bytes.NewBufferString(read(t, file)))
	for lines.Scan() {
		line := lines.Text()
		switch before, _, marked := strings.Cut(line, "// guide:begin"); {
		case marked:
			section, indent, within = nil, before, true
		case strings.TrimSpace(line) == "// guide:end":
			all, within = append(all, strings.TrimSpace(strings.Join(section, "\n"))), false
		case within:
			section = append(section, strings.TrimPrefix(line, indent))
		}
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
