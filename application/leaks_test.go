package application_test

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/keycache"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// otherRandom yields other secrets than random.
func otherRandom() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{8}) }

// leaksOf returns the use case on keys, without a cache.
func leaksOf(t *testing.T, keys ports.KeyRepository, policy domain.LeakedLiveKeys, p parts) *application.Leaks {
	t.Helper()
	p.random = cryptorand.Reader // which several workers may read
	return application.NewLeaks(workspacesOf(t, everyOwner{}, keys, p), uncached{keys}, policy)
}

func created(t *testing.T, ws *application.Workspace) application.CreatedKey {
	t.Helper()
	key, err := ws.CreateKey(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// types lists the types of the events of a key, newest first.
func types(t *testing.T, keys ports.EventReader, id domain.KeyID) []domain.EventType {
	t.Helper()
	events, err := eventsOf(t, keys, id)
	if err != nil {
		t.Fatal(err)
	}
	var list []domain.EventType
	for _, event := range events {
		list = append(list, event.Type)
	}
	return list
}

func report(t *testing.T, leaks *application.Leaks, secrets ...domain.Secret) []domain.LeakOutcome {
	t.Helper()
	var found []application.LeakedSecret
	for _, secret := range secrets {
		found = append(found, application.LeakedSecret{Secret: secret, Source: "https://paste.example/1"})
	}
	outcomes, err := leaks.Report(t.Context(), found, origin)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

func TestReport_DisablesTheKeyAndRecordsTheLeak(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	ws := open(t, keys, domain.PortalPartner)
	leaked, other := created(t, ws), created(t, ws)
	forged, err := domain.NewSecretOf(otherRandom(), other.Key.ID())
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := domain.NewSecret(otherRandom(), domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	leaks := leaksOf(t, keys, domain.DisableLeakedLiveKeys, parts{})
	outcomes := report(t, leaks, unknown, domain.Secret{}, leaked.Secret, forged)
	want := []domain.LeakOutcome{domain.LeakUnknown, domain.LeakUnknown, domain.LeakDisabled, domain.LeakUnknown}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ports.LeakStats{Unknown: 3, Disabled: 1}, leaks.Stats()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	events, err := eventsOf(t, keys, leaked.Key.ID())
	if err != nil || len(events) != 3 || events[0].Type != domain.EventLeaked || events[1].Type != domain.EventDisabled {
		t.Fatalf("%v, %v", events, err)
	}
	for _, event := range events[:2] {
		if event.By != domain.LeakAuthor(origin) {
			t.Errorf("%s is by %+v", event.Type, event.By)
		}
	}
	if diff := cmp.Diff([]domain.Change{{Field: "source", New: "https://paste.example/1"}}, events[0].Changes); diff != "" {
		t.Errorf("changes of the leak (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]domain.EventType{domain.EventCreated}, types(t, keys, other.Key.ID())); diff != "" {
		t.Errorf("a forged secret changed its key (-want +got):\n%s", diff)
	}
}

func TestReport_RecordsALeakOncePerSecretAndDay(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	ws := open(t, keys, domain.PortalPartner)
	at := now
	leaks := leaksOf(t, keys, domain.DisableLeakedLiveKeys, parts{now: func() time.Time { return at }})
	key, err := ws.CreateKey(t.Context(), domain.KeySpec{Name: "k", Scopes: []string{"payment:read"}})
	if err != nil {
		t.Fatal(err)
	}
	id := key.Key.ID()
	report(t, leaks, key.Secret)
	at = now.Add(24*time.Hour - time.Microsecond)
	if err := ws.EnableKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if outcomes := report(t, leaks, key.Secret); outcomes[0] != domain.LeakDisabled {
		t.Errorf("the second report of an enabled key: %d", outcomes[0])
	}
	want := []domain.EventType{domain.EventDisabled, domain.EventEnabled, domain.EventLeaked, domain.EventDisabled, domain.EventCreated}
	if diff := cmp.Diff(want, types(t, keys, id)); diff != "" {
		t.Errorf("within a day (-want +got):\n%s", diff)
	}
	at = now.Add(24 * time.Hour)
	report(t, leaks, key.Secret)
	if diff := cmp.Diff(append([]domain.EventType{domain.EventLeaked}, want...), types(t, keys, id)); diff != "" {
		t.Errorf("a day later (-want +got):\n%s", diff)
	}

	rotated, err := ws.RotateKey(t.Context(), id, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	report(t, leaks, rotated.Secret)
	if got := types(t, keys, id)[0]; got != domain.EventLeaked {
		t.Errorf("the leak of another secret of the key is not recorded: %s", got)
	}
}

func TestReport_RecordsALeakOnceUnderConcurrency(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	key := created(t, open(t, keys, domain.PortalPartner))
	leaks := leaksOf(t, keys, domain.DisableLeakedLiveKeys, parts{})
	var reports sync.WaitGroup
	for range 8 {
		reports.Go(func() {
			if _, err := leaks.Report(t.Context(), []application.LeakedSecret{{Secret: key.Secret}}, origin); err != nil {
				t.Error(err)
			}
		})
	}
	reports.Wait()
	want := []domain.EventType{domain.EventLeaked, domain.EventDisabled, domain.EventCreated}
	if diff := cmp.Diff(want, types(t, keys, key.Key.ID())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReport_EndsASupersededSecretAndKeepsTheKey(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	ws := open(t, keys, domain.PortalPartner)
	old := created(t, ws)
	current, err := ws.RotateKey(t.Context(), old.Key.ID(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	leaks := leaksOf(t, keys, domain.ReportLeakedLiveKeys, parts{})
	live := func(secret domain.Secret) bool {
		t.Helper()
		live, err := leaks.AnyLive(t.Context(), []domain.Secret{{}, secret})
		if err != nil {
			t.Fatal(err)
		}
		return live
	}
	if !live(old.Secret) || !live(current.Secret) {
		t.Error("a secret within its grace period is not live")
	}
	if outcomes := report(t, leaks, old.Secret); outcomes[0] != domain.LeakEnded {
		t.Errorf("outcome %d", outcomes[0])
	}
	if live(old.Secret) || !live(current.Secret) {
		t.Error("the wrong secret was stopped")
	}
	want := []domain.EventType{domain.EventLeaked, domain.EventUpdated, domain.EventRotated, domain.EventCreated}
	if diff := cmp.Diff(want, types(t, keys, old.Key.ID())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if outcomes := report(t, leaks, current.Secret); outcomes[0] != domain.LeakRecorded || !live(current.Secret) {
		t.Errorf("the current secret: outcome %d, live %t", outcomes[0], live(current.Secret))
	}
}

func TestReport_StopsASecretOfAnotherSystem(t *testing.T) {
	t.Parallel()
	w := newImportWorld(t)
	token, spec := tokenOf(t, "leaked")
	id := mustImport(t, w.ws(workspace), spec)[0].ID
	cache, err := keycache.New(keycache.Options{Finder: w.store, Foreign: w.store, Hasher: w.deps.Hasher, MaximumKeys: 10, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cache.Close)
	leaks := application.NewLeaks(application.NewWorkspaces(w.deps), cache, domain.DisableLeakedLiveKeys)
	foreign := func(text string) domain.Secret {
		secret, err := domain.ParsePresentedSecret(text)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	live, err := leaks.AnyLive(t.Context(), []domain.Secret{foreign(token + "x"), foreign(token)})
	if err != nil || !live {
		t.Errorf("live: %t, %v", live, err)
	}
	found := []application.LeakedSecret{
		{Secret: foreign(token + "x")}, {Secret: foreign(token), Source: "https://paste.example/?q=" + token},
	}
	outcomes, err := leaks.Report(t.Context(), found, origin)
	if diff := cmp.Diff([]domain.LeakOutcome{domain.LeakUnknown, domain.LeakDisabled}, outcomes); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got := w.verdict(t, token); got != domain.VerdictDisabled {
		t.Errorf("the leaked secret: %s", got)
	}
	if ours, err := leaks.WasOurs(t.Context(), foreign(token+"x")); ours || err != nil {
		t.Errorf("an unknown secret was ours: %t, %v", ours, err)
	}
	events, err := eventsOf(t, w.store, id)
	if err != nil || len(events) != 3 || len(events[0].Changes) != 1 || events[0].Changes[0].New != "https://paste.example/?q=…" {
		t.Errorf("%+v, %v", events, err)
	}
}

func TestReport_FailsIfTheStoreDoes(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	key := created(t, open(t, keys, domain.PortalPartner))
	found := []application.LeakedSecret{{Secret: key.Secret}}
	onFire := errors.New("on fire")
	leaks := leaksOf(t, &failingKeys{KeyRepository: keys, err: onFire}, domain.DisableLeakedLiveKeys, parts{})
	if _, err := leaks.Report(t.Context(), found, origin); !errors.Is(err, onFire) {
		t.Errorf("a failed read: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	leaks = leaksOf(t, keys, domain.DisableLeakedLiveKeys, parts{})
	if _, err := leaks.Report(ended, found, origin); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("an ended context: %v", err)
	}
	leaks = leaksOf(t, keys, domain.DisableLeakedLiveKeys, parts{writer: panickingWriter{keys}})
	if _, err := leaks.Report(t.Context(), found, origin); !errors.Is(err, domain.ErrPanicked) {
		t.Errorf("a store that panics: %v", err)
	}
}

type panickingWriter struct{ ports.KeyWriter }

func (panickingWriter) Update(context.Context, domain.WorkspaceID, domain.KeyID, func(*domain.APIKey) (domain.Event, error), ports.UpdateOptions) error {
	panic("on fire")
}

// If the store fails after the key was stopped, a repeated report records the leak.
func TestReport_DoesTheRestWhenRepeated(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	key := created(t, open(t, keys, domain.PortalPartner))
	writer := &failingOnce{KeyWriter: keys, call: 2, err: domain.ErrUnavailable}
	leaks := leaksOf(t, keys, domain.DisableLeakedLiveKeys, parts{writer: writer})
	found := []application.LeakedSecret{{Secret: key.Secret}}
	if _, err := leaks.Report(t.Context(), found, origin); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatal(err)
	}
	report(t, leaks, key.Secret)
	want := []domain.EventType{domain.EventLeaked, domain.EventDisabled, domain.EventCreated}
	if diff := cmp.Diff(want, types(t, keys, key.Key.ID())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Another report that is recording the leak may fail, so its end is awaited.
func TestReport_AwaitsAnotherThatRecordsTheLeak(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	key := created(t, open(t, keys, domain.PortalPartner))
	writer := &failingOnce{KeyWriter: keys, call: 2, err: domain.ErrIdempotencyKeyInUse}
	report(t, leaksOf(t, keys, domain.DisableLeakedLiveKeys, parts{writer: writer}), key.Secret)
	want := []domain.EventType{domain.EventLeaked, domain.EventDisabled, domain.EventCreated}
	if diff := cmp.Diff(want, types(t, keys, key.Key.ID())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// failingOnce fails only the update with the given number, counted from 1.
type failingOnce struct {
	ports.KeyWriter

	call, calls int
	err         error
}

func (f *failingOnce) Update(ctx context.Context, ws domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	if f.calls++; f.calls == f.call {
		return f.err
	}
	return f.KeyWriter.Update(ctx, ws, id, change, options)
}

func TestWasOurs(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	ws := open(t, keys, domain.PortalPartner)
	leaks := leaksOf(t, keys, domain.DisableLeakedLiveKeys, parts{})
	living, deleted, rotated := created(t, ws), created(t, ws), created(t, ws)
	if err := ws.DeleteKey(t.Context(), deleted.Key.ID()); err != nil {
		t.Fatal(err)
	}
	if _, err := ws.RotateKey(t.Context(), rotated.Key.ID(), 0); err != nil {
		t.Fatal(err)
	}
	forged := func(id domain.KeyID) domain.Secret {
		secret, err := domain.NewSecretOf(otherRandom(), id)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	for name, c := range map[string]struct {
		secret domain.Secret
		want   bool
	}{
		"a malformed one":           {domain.Secret{}, false},
		"of an unknown key":         {forged("sk_live_0000000000000000"), false},
		"of a living key":           {living.Secret, true},
		"made up for a living key":  {forged(living.Key.ID()), false},
		"of a deleted key":          {deleted.Secret, true},
		"made up for a deleted key": {forged(deleted.Key.ID()), false},
		"replaced by a rotation":    {rotated.Secret, true},
	} {
		if got, err := leaks.WasOurs(t.Context(), c.secret); err != nil || got != c.want {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
}

func TestOperatorStopLeaked(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	key := created(t, open(t, keys, domain.PortalPartner))
	operator := workspacesOf(t, everyOwner{}, keys, parts{}).Operator("alice")
	forged, err := domain.NewSecretOf(otherRandom(), key.Key.ID())
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := domain.NewSecret(otherRandom(), domain.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []domain.Secret{forged, unknown, {}} {
		if outcome, err := operator.StopLeaked(t.Context(), application.LeakedSecret{Secret: secret}, domain.Origin{}); err != nil || outcome != domain.LeakUnknown {
			t.Errorf("a secret that is not ours: %d, %v", outcome, err)
		}
	}
	outcome, err := operator.StopLeaked(t.Context(), application.LeakedSecret{Secret: key.Secret, Source: "app.log:41"}, domain.Origin{})
	if err != nil || outcome != domain.LeakDisabled {
		t.Errorf("%d, %v", outcome, err)
	}
	events, err := eventsOf(t, keys, key.Key.ID())
	if err != nil || len(events) != 3 || events[0].By.AccountID != "operator:alice" || events[1].By.AccountID != "operator:alice" {
		t.Errorf("%v, %v", events, err)
	}
}
