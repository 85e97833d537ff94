package fault

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// owners are a test's clients that change keys.
type owners []*owner

func newOwners(n int) owners {
	all := make(owners, n)
	for i := range all {
		all[i] = &owner{name: fmt.Sprintf("key-%d", i)}
	}
	return all
}

func (all owners) lives() (lives []*life) {
	for _, o := range all {
		lives = append(lives, o.lives...)
	}
	return lives
}

// acknowledged returns the number of acknowledged changes.
func (all owners) acknowledged() (n int) {
	for _, l := range all.lives() {
		n += int(l.stage)
	}
	return n
}

// retries counts changes that were sent again, and those that had been made
// before.
type retries struct{ sent, replayed int }

func (r *retries) add(more retries) {
	r.sent += more.sent
	r.replayed += more.replayed
}

// retry sends every unacknowledged change again until it is acknowledged.
func (all owners) retry(t *testing.T, w *world) (r retries) {
	t.Helper()
	for _, l := range all.lives() {
		if !l.open {
			continue
		}
		r.sent++
		if l.insist(t, w).replayed {
			r.replayed++
		}
	}
	return r
}

// mostQuestions is the maximum number of checks in one request.
const mostQuestions = 100

// judge compares the check of every secret with the acknowledged changes.
func (all owners) judge(t *testing.T, w *world) {
	t.Helper()
	var expected []expectation
	for _, l := range all.lives() {
		expected = append(expected, l.expected()...)
	}
	for some := range slices.Chunk(expected, mostQuestions) {
		w.judge(t, some)
	}
}

func (w *world) judge(t *testing.T, expected []expectation) {
	t.Helper()
	type question struct {
		Key string `json:"key"`
	}
	questions := make([]question, len(expected))
	for i, e := range expected {
		questions[i].Key = e.secret
	}
	body, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	a := available(t, func() answer {
		return w.call(t, http.MethodPost, w.internal+"/internal/v1/api-keys/verify", string(body))
	})
	var said struct{ Data []struct{ Reason string } }
	if err := json.Unmarshal([]byte(a.body), &said); err != nil || len(said.Data) != len(expected) {
		t.Fatalf("verify: %d, %d answers to %d questions, %v", a.status, len(said.Data), len(expected), err)
	}
	for i, e := range expected {
		if !slices.Contains(e.reasons, said.Data[i].Reason) {
			t.Errorf("%s (%s) after stage %d: %s, want %v", e.life.name, e.life.id, e.life.stage, said.Data[i].Reason, e.reasons)
		}
	}
}

// keys creates two keys that are not the owners', and disables the second.
func (w *world) keys(t *testing.T) (good, bad string) {
	t.Helper()
	good = w.knownKey(t)
	l := &life{name: "bad"}
	for l.stage != disabled {
		l.insist(t, w)
	}
	return good, l.secret
}

// finish retries unacknowledged changes, and checks that no change is lost, or
// made in part or twice.
func (all owners) finish(t *testing.T, w *world, db *sql.DB, faults int) {
	t.Helper()
	all.judge(t, w)
	r := all.retry(t, w)
	all.judge(t, w)
	mustBeWhole(t, db)
	all.mustHold(t, db)
	t.Logf("%d faults: %d changes acknowledged, none lost; %d were not at the end, of which %d had been made", faults, all.acknowledged()-r.sent, r.sent, r.replayed)
}
