package domain_test

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"testing"
	"testing/iotest"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestNewEventID_BeginsWithItsTime(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^evt_[0-9A-Za-z]{22}$`)
	random := rand.NewChaCha8([32]byte{1})
	seen := map[string]bool{}
	last := ""
	for _, at := range []time.Time{{}, time.UnixMilli(1), now, now.Add(time.Millisecond), now.Add(100 * 365 * 24 * time.Hour)} {
		greatest := ""
		for range 200 {
			id, err := domain.NewEventID(at, random)
			if err != nil {
				t.Fatal(err)
			}
			if !shape.MatchString(id) || seen[id] || id <= last {
				t.Fatalf("%q at %v, seen %v, after %q", id, at, seen[id], last)
			}
			seen[id] = true
			greatest = max(greatest, id)
		}
		last = greatest
	}
}

func TestNewEventID_FailsIfItsSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	if _, err := domain.NewEventID(now, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
