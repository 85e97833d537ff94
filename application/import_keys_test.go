package application_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/keycache"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// importWorld imports keys into a store and checks them.
type importWorld struct {
	store *memory.KeyRepository
	deps  application.Dependencies
	usage *application.Usage
}

func newImportWorld(t *testing.T) *importWorld {
	t.Helper()
	w := &importWorld{store: memory.NewKeyRepository()}
	w.usage = application.NewUsage(w.store, newHasher(t), clock, slog.New(slog.DiscardHandler))
	w.deps = application.Dependencies{
		Roles: everyOwner{}, Keys: w.store, Writer: w.store, Foreign: w.store, Hasher: newHasher(t),
		Random: rand.Reader, Now: clock, Lifetime: new(application.Lifetime),
	}
	return w
}

func (w *importWorld) ws(id domain.WorkspaceID) *application.Workspace {
	return application.NewWorkspaces(w.deps).OpenForOperator("importer", id, domain.Origin{})
}

// verdict returns the verdict of a check in a process that has just started.
func (w *importWorld) verdict(t *testing.T, text string) domain.Verdict {
	t.Helper()
	cache, err := keycache.New(keycache.Options{Finder: w.store, Foreign: w.store, Hasher: w.deps.Hasher, MaximumKeys: 10, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cache.Close)
	secret, err := domain.ParsePresentedSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := application.NewAuthorize(cache, w.deps.Hasher, w.usage, nil, clock, w.deps.Lifetime).
		Do(t.Context(), domain.Check{Secret: secret, Scopes: []domain.Scope{"payment:read"}})
	if err != nil {
		t.Fatal(err)
	}
	return d.Verdict
}

// tokenOf returns a Sanctum token, and the spec of the key to import for it.
func tokenOf(t *testing.T, seed string) (string, domain.ForeignKeySpec) {
	t.Helper()
	token := (seed + strings.Repeat("aB3", 40))[:40]
	sum := sha256.Sum256([]byte(token))
	return "7|" + token, foreignSpec(t, domain.FormatSanctum, hex.EncodeToString(sum[:]))
}

func foreignSpec(t *testing.T, format domain.ForeignFormat, text string) domain.ForeignKeySpec {
	t.Helper()
	credential, err := domain.ParseForeignCredential(format, text)
	if err != nil {
		t.Fatal(err)
	}
	return domain.ForeignKeySpec{KeySpec: domain.KeySpec{Name: "Key", Scopes: []string{"payment:read"}}, Credential: credential}
}

func mustImport(t *testing.T, ws *application.Workspace, specs ...domain.ForeignKeySpec) []application.ImportedKey {
	t.Helper()
	imported, err := ws.ImportKeys(t.Context(), specs, false)
	if err != nil || len(imported) != len(specs) {
		t.Fatalf("ImportKeys returns %d results and %v", len(imported), err)
	}
	return imported
}

func TestImportKeys_KeysWorkAndAreRehashedOnce(t *testing.T) {
	t.Parallel()
	w := newImportWorld(t)
	token, spec := tokenOf(t, "first")
	id := mustImport(t, w.ws(workspace), spec)[0].ID
	digestOf := func() domain.Digest {
		key, err := w.store.Find(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return key.Snapshot().Secrets[0].Digest
	}
	if got := digestOf().Algorithm; got != domain.AlgorithmSHA256AfterBar {
		t.Errorf("the digest is %s before the first use", got)
	}
	if got := w.verdict(t, token); got != domain.VerdictOK {
		t.Fatalf("first check: %s", got)
	}
	if err := w.usage.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	secret, _ := domain.ParseForeignSecret(token)
	if got := digestOf(); got != w.deps.Hasher.Hash(secret) || got.Algorithm != domain.AlgorithmForeignHMAC {
		t.Errorf("the digest is %s of pepper %q after the first use", got.Algorithm, got.PepperID)
	}
	if got := w.verdict(t, token); got != domain.VerdictOK {
		t.Errorf("second check: %s", got)
	}
	for name, other := range map[string]string{"another id": "8" + token[1:], "no id": token[2:], "another token": token[:41] + "x"} {
		if got := w.verdict(t, other); got != domain.VerdictNotFound {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestImportKeys_TouchNothingTwice(t *testing.T) {
	t.Parallel()
	w := newImportWorld(t)
	token, spec := tokenOf(t, "first")
	ws := w.ws(workspace)
	results := mustImport(t, ws, spec, spec)
	if results[0].Existed == results[1].Existed || results[0].Err != nil || results[1].Err != nil {
		t.Errorf("a key that the file has twice: %+v", results)
	}
	again := func() {
		t.Helper()
		if got := mustImport(t, ws, spec)[0]; !got.Existed || got.Err != nil || got.ID != results[0].ID {
			t.Errorf("imported again: %+v", got)
		}
	}
	w.verdict(t, token)
	if err := w.usage.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	again()
	if got := mustImport(t, w.ws("ws-2"), spec)[0]; !errors.Is(got.Err, application.ErrOtherWorkspace) {
		t.Errorf("into another workspace: %+v", got)
	}
	if _, err := ws.RotateKey(t.Context(), results[0].ID, 0); err != nil {
		t.Fatal(err)
	}
	again()
	if got := w.verdict(t, token); got != domain.VerdictNotFound {
		t.Errorf("after a rotation: %s", got)
	}
	if err := ws.DeleteKey(t.Context(), results[0].ID); err != nil {
		t.Fatal(err)
	}
	again()
	events, err := eventsOf(t, w.store, results[0].ID)
	if err != nil || len(events) != 3 {
		t.Errorf("%d events, %v, want CREATED, ROTATED, DELETED", len(events), err)
	}
}

func TestImportKeys_RecordsWhereAKeyIsFrom(t *testing.T) {
	t.Parallel()
	w := newImportWorld(t)
	_, spec := tokenOf(t, "first")
	spec.Disabled = true
	id := mustImport(t, w.ws(workspace), spec)[0].ID
	events, err := eventsOf(t, w.store, id)
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	want := []domain.Change{{Field: "status", New: "DISABLED"}, {Field: "importedFrom", New: "sanctum"}}
	got := events[0].Changes[len(events[0].Changes)-2:]
	if !slices.EqualFunc(got, want, func(a, b domain.Change) bool { return a == b }) || events[0].By.AccountID != "operator:importer" {
		t.Errorf("the event is %+v by %s", got, events[0].By.AccountID)
	}
}

func TestImportKeys_KeepsNothingOfRejectedKeys(t *testing.T) {
	t.Parallel()
	w := newImportWorld(t)
	w.deps.MaxKeys = 2
	var specs []domain.ForeignKeySpec
	for _, seed := range []string{"a", "b", "c", "d", "e"} {
		_, spec := tokenOf(t, seed)
		specs = append(specs, spec)
	}
	specs[0].Scopes = []string{"*"}
	specs[1].ExpiresAt = now.Add(-time.Hour)
	planned, err := w.ws(workspace).ImportKeys(t.Context(), specs, true)
	if err != nil || planned[0].Err == nil || planned[1].Err == nil || planned[4].Err != nil {
		t.Errorf("dry run: %+v, %v", planned, err)
	}
	if found, err := w.store.HasForeign(t.Context()); found || err != nil {
		t.Errorf("a dry run stored a key, %v", err)
	}
	full := 0
	for i, got := range mustImport(t, w.ws(workspace), specs...) {
		_, err := w.store.Find(t.Context(), got.ID)
		if stored := err == nil; stored != (got.Err == nil) {
			t.Errorf("key %d: error %v, but stored: %v", i, got.Err, stored)
		}
		_, faulty := errors.AsType[domain.Faults](got.Err)
		if faulty != (i < 2) {
			t.Errorf("key %d: %v", i, got.Err)
		}
		if errors.Is(got.Err, domain.ErrTooManyKeys) {
			full++
		}
	}
	if full != 1 {
		t.Errorf("%d keys were too many, want 1", full)
	}
}

// losing is a writer that may lose changes, from the fourth on.
type losing struct {
	ports.KeyWriter
	left chan struct{}
}

func (l losing) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	select {
	case <-l.left:
		return l.KeyWriter.Create(ctx, key, event, options)
	default:
		return domain.ErrUnavailable
	}
}

func TestImportKeys_GoesOnAfterAnInterruption(t *testing.T) {
	t.Parallel()
	w := newImportWorld(t)
	left := make(chan struct{}, 3)
	for range cap(left) {
		left <- struct{}{}
	}
	var specs []domain.ForeignKeySpec
	for i := range 300 {
		_, spec := tokenOf(t, string(rune('a'+i%26))+strings.Repeat("z", i/26))
		specs = append(specs, spec)
	}
	w.deps.Writer = losing{w.store, left}
	if _, err := w.ws(workspace).ImportKeys(t.Context(), specs, false); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("error = %v", err)
	}
	w.deps.Writer = w.store
	existed := 0
	for _, got := range mustImport(t, w.ws(workspace), specs...) {
		if got.Existed {
			existed++
		}
	}
	if existed != 3 {
		t.Errorf("%d keys existed, want 3", existed)
	}
	list, err := w.store.List(t.Context(), workspace, domain.KeyFilter{At: now}, domain.Order{}, domain.Page{})
	if err != nil || list.Total != 300 {
		t.Errorf("%d keys, %v", list.Total, err)
	}
}

func TestImportKeys_NeedsAStoreThatFindsThem(t *testing.T) {
	t.Parallel()
	w := newImportWorld(t)
	w.deps.Foreign = nil
	if _, err := w.ws(workspace).ImportKeys(t.Context(), nil, false); !errors.Is(err, application.ErrNoImport) {
		t.Errorf("error = %v", err)
	}
}
