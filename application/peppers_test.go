package application_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// pepperChecks returns the checks of the peppers p1, p2, … that consist of
// those bytes.
func pepperChecks(keys ...byte) []domain.PepperCheck {
	checks := make([]domain.PepperCheck, len(keys))
	for i, key := range keys {
		checks[i] = domain.PepperCheck{PepperID: fmt.Sprintf("p%d", i+1), Sum: [32]byte{key}}
	}
	return checks
}

// comparing returns the use case and its log.
func comparing(keeper ports.PepperKeeper, checks []domain.PepperCheck) (*application.Peppers, *bytes.Buffer) {
	var log bytes.Buffer
	return application.NewPeppers(keeper, checks, slog.New(slog.NewTextHandler(&log, nil))), &log
}

func compare(t *testing.T, p *application.Peppers) {
	t.Helper()
	if err := p.Compare(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestPeppers_FitAsLongAsTheyStayTheSame(t *testing.T) {
	t.Parallel()
	store := memory.NewKeyRepository()
	first, log := comparing(store, pepperChecks('x', 'y'))
	compare(t, first)
	again, logAgain := comparing(store, pepperChecks('x', 'y', 'z'))
	compare(t, again)
	if first.Mismatches() != 0 || again.Mismatches() != 0 || log.Len() != 0 || logAgain.Len() != 0 {
		t.Errorf("%d and %d mismatches:\n%s%s", first.Mismatches(), again.Mismatches(), log, logAgain)
	}
}

func TestPeppers_OneThatWasReplacedIsLoggedOnceAndCounted(t *testing.T) {
	t.Parallel()
	store := memory.NewKeyRepository()
	right, _ := comparing(store, pepperChecks('x', 'y'))
	compare(t, right)
	wrong, log := comparing(store, pepperChecks('x', 'z'))
	for range 3 {
		compare(t, wrong)
	}
	if got := log.String(); wrong.Mismatches() != 1 || strings.Count(got, "level=ERROR") != 1 || !strings.Contains(got, "pepper=p2") {
		t.Errorf("%d mismatches, want 1 and one ERROR that names p2:\n%s", wrong.Mismatches(), got)
	}
	compare(t, right)
	if right.Mismatches() != 0 {
		t.Error("the wrong pepper has taken the place of the right one")
	}
}

// forgetfulKeeper is a store whose record of peppers an operator deletes.
type forgetfulKeeper struct{ *memory.KeyRepository }

func TestPeppers_OneThatIsAcceptedFitsAgain(t *testing.T) {
	t.Parallel()
	store := &forgetfulKeeper{memory.NewKeyRepository()}
	right, _ := comparing(store, pepperChecks('x'))
	compare(t, right)
	wrong, log := comparing(store, pepperChecks('z'))
	compare(t, wrong)
	store.KeyRepository = memory.NewKeyRepository()
	compare(t, wrong)
	if got := log.String(); wrong.Mismatches() != 0 || !strings.Contains(got, "level=INFO") {
		t.Errorf("%d mismatches, want none and a line that says so:\n%s", wrong.Mismatches(), got)
	}
}

// failingKeeper fails a given number of times, and then stores checks.
type failingKeeper struct {
	ports.PepperKeeper

	failures []error
	at       []time.Time // the times of the calls
}

func (f *failingKeeper) KeepPepper(ctx context.Context, check domain.PepperCheck) (domain.PepperCheck, error) {
	f.at = append(f.at, time.Now())
	if len(f.failures) > 0 {
		err := f.failures[0]
		f.failures = f.failures[1:]
		if err == nil {
			panic("the marked value")
		}
		return domain.PepperCheck{}, err
	}
	return f.PepperKeeper.KeepPepper(ctx, check)
}

func TestPeppers_AreComparedOnceTheStoreIsReachable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewKeyRepository()
		right, _ := comparing(store, pepperChecks('x'))
		compare(t, right)
		keeper := &failingKeeper{PepperKeeper: store, failures: []error{
			domain.ErrUnavailable, domain.ErrUnavailable, nil, errors.New("no such table"),
		}}
		wrong, log := comparing(keeper, pepperChecks('z'))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		begun := time.Now()
		go func() {
			defer close(done)
			wrong.Run(ctx)
		}()
		<-time.After(15*time.Second + time.Millisecond) // of the bubble: 1 + 2 + 4 + 8
		synctest.Wait()
		if got := log.String(); wrong.Mismatches() != 1 || strings.Count(got, "level=ERROR") != 1 || strings.Contains(got, "the marked value") {
			t.Errorf("%d mismatches, want 1 and one ERROR:\n%s", wrong.Mismatches(), got)
		}
		if got := strings.Count(log.String(), "level=WARN"); got != 3 {
			t.Errorf("%d lines tell of failures, want one for each kind of the three", got)
		}
		<-time.After(10 * time.Minute)
		synctest.Wait()
		if got := len(keeper.at); got != 6 || keeper.at[5].Sub(begun) != 10*time.Minute+15*time.Second {
			t.Errorf("the store is asked %d times, last after %v, want a sixth time 10 minutes after the fifth", got, keeper.at[got-1].Sub(begun))
		}
		stop()
		<-done
	})
}
