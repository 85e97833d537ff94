package portstest

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// RunPepperKeeper tests the promises of [ports.PepperKeeper]. open returns two handles
// to one store, like those of two processes; they may be identical. The store may be
// shared, because every case uses its own pepper identifiers.
func RunPepperKeeper(t *testing.T, open func(t testing.TB) (one, other ports.PepperKeeper)) {
	cases := map[string]func(t *testing.T, one, other ports.PepperKeeper){
		"keeps the first check of a pepper":                keepsFirstCheck,
		"tells the identifiers of peppers apart":           tellsPeppersApart,
		"returns one check to all that give one at once":   agreesOnOneCheck,
		"stores nothing under a context that has ended":    keepsNoCheckUnheard,
		"knows in one process what another one has stored": sharesChecks,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, other := open(t)
			run(t, one, other)
		})
	}
}

// newPepperCheck makes a check of a pepper that no other test uses.
func newPepperCheck() domain.PepperCheck {
	return otherPepper(domain.PepperCheck{PepperID: rand.Text()})
}

// otherPepper returns the check of another pepper with the same identifier.
func otherPepper(check domain.PepperCheck) domain.PepperCheck {
	_, _ = rand.Read(check.Sum[:])
	return check
}

// requireKept gives check to the store and fails unless it has want.
func requireKept(t *testing.T, store ports.PepperKeeper, check, want domain.PepperCheck) {
	t.Helper()
	stored, err := store.KeepPepper(t.Context(), check)
	if err != nil {
		t.Fatalf("KeepPepper: %v", err)
	}
	if stored != want {
		t.Errorf("the stored check is another one of pepper %q, want that of %q", stored.PepperID, want.PepperID)
	}
}

func keepsFirstCheck(t *testing.T, one, _ ports.PepperKeeper) {
	first := newPepperCheck()
	requireKept(t, one, first, first)
	requireKept(t, one, first, first)
	requireKept(t, one, otherPepper(first), first)
	requireKept(t, one, otherPepper(first), first)
}

func sharesChecks(t *testing.T, one, other ports.PepperKeeper) {
	first := newPepperCheck()
	requireKept(t, one, first, first)
	requireKept(t, other, otherPepper(first), first)
}

func tellsPeppersApart(t *testing.T, one, _ ports.PepperKeeper) {
	id := rand.Text()
	for _, id := range []string{"a" + id, "A" + id, "_" + id, "-" + id, id} {
		check := otherPepper(domain.PepperCheck{PepperID: id})
		requireKept(t, one, check, check)
	}
}

func agreesOnOneCheck(t *testing.T, one, other ports.PepperKeeper) {
	const callers = 16
	given, stored := make([]domain.PepperCheck, callers), make([]domain.PepperCheck, callers)
	id := newPepperCheck()
	for i := range given {
		given[i] = otherPepper(id)
	}
	errs := together(callers, func(i int) (err error) {
		store := one
		if i%2 == 1 {
			store = other
		}
		stored[i], err = store.KeepPepper(t.Context(), given[i])
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(given, stored[0]) {
		t.Error("the stored check is none of those that were given")
	}
	for i := range stored {
		if stored[i] != stored[0] {
			t.Errorf("caller %d is returned another check than the first", i)
		}
	}
}

func keepsNoCheckUnheard(t *testing.T, one, _ ports.PepperKeeper) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	first := newPepperCheck()
	if _, err := one.KeepPepper(ended, first); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("KeepPepper gives %v, want ErrUnavailable", err)
	}
	second := otherPepper(first)
	requireKept(t, one, second, second)
}
