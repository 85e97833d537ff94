package fault

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// holders are a test's clients that change keys.
type holders []*holder

func newHolders(n int) holders {
	all, p := make(holders, n), new(pace)
	for i := range all {
		all[i] = &holder{name: fmt.Sprintf("Holder %d", i), turn: i, pace: p}
	}
	return all
}

// drive starts the requests of the holders, and checks, to the services of f.
func (all holders) drive(t *testing.T, f *fleet, good, bad string) *traffic {
	t.Helper()
	tr := newTraffic(t)
	for _, h := range all {
		tr.client(func(ctx context.Context) (answer, error) { return h.next(ctx, t, f) }, func(answer) bool { return true })
	}
	for secret, reason := range map[string]string{good: "OK", bad: "DISABLED", unknownSecret(): "NOT_FOUND"} {
		turn := 0
		tr.client(func(ctx context.Context) (answer, error) {
			turn++
			return f.turn(turn).check(ctx, secret)
		}, says(reason))
	}
	return tr
}

func (all holders) records() (records []*record) {
	for _, h := range all {
		records = append(records, h.records...)
	}
	return slices.DeleteFunc(records, func(r *record) bool { return len(r.events) == 0 })
}
