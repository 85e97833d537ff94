package httpapi

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/adapters/i18n"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// plainHasher compares secrets as they are.
type plainHasher struct{}

func (plainHasher) Hash(s domain.Secret) domain.Digest {
	d := domain.Digest{Algorithm: "test"}
	copy(d.Sum[:], s.Reveal()[domain.KeyIDLength:])
	return d
}

func (h plainHasher) Verify(s domain.Secret, d domain.Digest) bool { return h.Hash(s) == d }

func (plainHasher) Outdated(domain.Digest) bool { return false }

func (plainHasher) Lookups(domain.Secret) []domain.Digest { return nil }

// slowKeys is a source whose reads take a time.
type slowKeys struct {
	keys ports.KeyFinder
	took time.Duration
}

func (s slowKeys) Find(ctx context.Context, id domain.KeyID, _ time.Time) (*application.KnownKey, error) {
	select {
	case <-time.After(s.took):
	case <-ctx.Done():
		return nil, domain.ErrUnavailable
	}
	key, err := s.keys.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return application.NewKnownKey(key), nil
}

func (slowKeys) FindForeign(context.Context, domain.Secret, time.Time) (*application.KnownKey, error) {
	return nil, domain.ErrKeyNotFound
}

// unlimited admits everything.
type unlimited struct{}

func (unlimited) Take(string) time.Duration { return 0 }

// leakWorld is an API on memory whose reads take a time.
type leakWorld struct {
	handler http.Handler
	keys    *memory.KeyRepository
	created application.CreatedKey
}

func newLeakWorld(t *testing.T, took time.Duration, reportsAtOnce int) leakWorld {
	t.Helper()
	messages, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	w := leakWorld{keys: memory.NewKeyRepository()}
	workspaces := application.NewWorkspaces(application.Dependencies{
		Keys: w.keys, Writer: w.keys, Hasher: plainHasher{}, Random: rand.Reader, Now: time.Now, Lifetime: new(application.Lifetime),
	})
	if w.created, err = workspaces.OpenForOperator("test", "ws_1", domain.Origin{}).CreateKey(t.Context(), domain.KeySpec{Name: "k"}); err != nil {
		t.Fatal(err)
	}
	w.handler = New(Options{
		Messages: messages, Logger: slog.New(slog.DiscardHandler), Now: time.Now, After: time.After,
		LeakRate: unlimited{}, LeakConcurrency: NewConcurrency(reportsAtOnce),
		Leaks: application.NewLeaks(workspaces, slowKeys{w.keys, took}, domain.DisableLeakedLiveKeys),
	}).Public()
	return w
}

// report sends a report and returns the response, and how long it took by the clock of
// the bubble.
func (w leakWorld) report(ctx context.Context, secret string) (*httptest.ResponseRecorder, time.Duration) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/web/v1/leaks", strings.NewReader(`{"secrets":["`+secret+`"]}`))
	r.Header.Set("Content-Type", "application/json")
	begun, response := time.Now(), httptest.NewRecorder()
	w.handler.ServeHTTP(response, r)
	return response, time.Since(begun)
}

func (w leakWorld) disabled(t *testing.T) bool {
	t.Helper()
	key, err := w.keys.Find(t.Context(), w.created.Key.ID())
	if err != nil {
		t.Fatal(err)
	}
	return key.Snapshot().Disabled
}

func TestReportLeaks_TakesTheSameTimeWhateverTheSecretIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newLeakWorld(t, 100*time.Millisecond, 1)
		unknown, err := domain.NewSecret(rand.Reader, domain.ModeLive)
		if err != nil {
			t.Fatal(err)
		}
		forged, err := domain.NewSecretOf(rand.Reader, w.created.Key.ID())
		if err != nil {
			t.Fatal(err)
		}
		var bodies []string
		live := w.created.Secret.Reveal()
		for _, secret := range []string{live, live, forged.Reveal(), unknown.Reveal(), live[:72], "nonsense", ""} {
			response, took := w.report(t.Context(), secret)
			if response.Code != http.StatusAccepted || took != 250*time.Millisecond {
				t.Errorf("status %d after %v, want 202 after 250ms", response.Code, took)
			}
			_, data, _ := strings.Cut(response.Body.String(), `"data":`)
			bodies = append(bodies, data)
		}
		for _, body := range bodies {
			if body != `{"received":1}}` {
				t.Errorf("the data is %s", body)
			}
		}
		if !w.disabled(t) {
			t.Error("the key still works")
		}
	})
}

func TestReportLeaks_503_ifItsWorkTakesLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newLeakWorld(t, 251*time.Millisecond, 1)
		response, took := w.report(t.Context(), w.created.Secret.Reveal())
		if response.Code != http.StatusServiceUnavailable || took != 250*time.Millisecond {
			t.Errorf("status %d after %v, want 503 after 250ms", response.Code, took)
		}
		synctest.Wait() // the work ends with the response
		if response, _ := w.report(t.Context(), "nonsense"); response.Code != http.StatusAccepted {
			t.Errorf("the next report: status %d; the place of the last one is not free", response.Code)
		}
	})
}

func TestReportLeaks_503_whileOthersAreWorkedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newLeakWorld(t, 200*time.Millisecond, 1)
		first := make(chan int)
		go func() {
			response, _ := w.report(t.Context(), w.created.Secret.Reveal())
			first <- response.Code
		}()
		synctest.Wait()
		response, took := w.report(t.Context(), "nonsense")
		if response.Code != http.StatusServiceUnavailable || took != 250*time.Millisecond {
			t.Errorf("status %d after %v, want 503 after 250ms", response.Code, took)
		}
		if code := <-first; code != http.StatusAccepted {
			t.Errorf("the report being worked on: status %d", code)
		}
	})
}

func TestReportLeaks_GoesOnIfTheReporterHangsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newLeakWorld(t, 100*time.Millisecond, 1)
		ctx, hangUp := context.WithCancel(t.Context())
		go func() {
			<-time.After(time.Millisecond) // of the bubble
			hangUp()
		}()
		w.report(ctx, w.created.Secret.Reveal())
		if !w.disabled(t) {
			t.Error("the key still works")
		}
	})
}
