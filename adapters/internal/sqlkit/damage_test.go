package sqlkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

// logged returns a log of damage, and a function that returns the level, the key and
// the damaged parts or the event of each line.
func logged(t *testing.T) (*Damage, func() []string) {
	t.Helper()
	var out bytes.Buffer
	return NewDamage(slog.New(slog.NewJSONHandler(&out, nil))), func() []string {
		var lines []string
		for decoder := json.NewDecoder(&out); decoder.More(); {
			var line struct{ Level, APIKeyID, Parts, EventID string }
			if err := decoder.Decode(&line); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line.Level+" "+line.APIKeyID+" "+line.Parts+line.EventID)
		}
		return lines
	}
}

func TestDamage_IsLoggedOnce(t *testing.T) {
	t.Parallel()
	damage, lines := logged(t)
	whole := domain.Rehydrate(domain.Snapshot{ID: "k0"})
	unnamed := domain.Rehydrate(domain.Snapshot{ID: "k1", Unreadable: domain.PartName})
	worse := domain.Rehydrate(domain.Snapshot{ID: "k1", Unreadable: domain.PartName | domain.PartScopes})
	for range 3 {
		damage.Key(nil)
		damage.Keys([]*domain.APIKey{whole, unnamed})
		damage.Events("k2", []string{"e1", "e2"})
	}
	damage.Key(worse)
	_, err := damage.Watched(func(*domain.APIKey) (domain.Event, error) { return domain.Event{}, domain.ErrConflict })(worse)
	if err != domain.ErrConflict { //nolint:errorlint // as it is
		t.Errorf("the change gives %v", err)
	}
	want := []string{"ERROR k1 name", "ERROR k2 e1", "ERROR k2 e2", "ERROR k1 name,scopes"}
	if diff := cmp.Diff(want, lines()); diff != "" {
		t.Errorf("log lines (-want +got):\n%s", diff)
	}
}

func TestDamage_IsLoggedWithinBounds(t *testing.T) {
	t.Parallel()
	damage, lines := logged(t)
	for i := range maxDamages + 10 {
		damage.Key(domain.Rehydrate(domain.Snapshot{ID: domain.KeyID(fmt.Sprint(i)), Unreadable: domain.PartMode}))
	}
	if got := len(lines()); got != maxDamages {
		t.Errorf("%d lines, want %d", got, maxDamages)
	}
}
