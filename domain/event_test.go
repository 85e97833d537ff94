package domain_test

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"testing"
	"testing/iotest"

	"github.com/slaunchx/apikeys/domain"
)

func TestNewEventID_HasTheDocumentedFormat(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^evt_[0-9A-Za-z]{22}$`)
	random := rand.NewChaCha8([32]byte{1})
	seen := map[string]bool{}
	for range 1000 {
		id, err := domain.NewEventID(random)
		if err != nil {
			t.Fatal(err)
		}
		if !shape.MatchString(id) || seen[id] {
			t.Errorf("%q, seen %v", id, seen[id])
		}
		seen[id] = true
	}
}

func TestNewEventID_FailsIfItsSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	if _, err := domain.NewEventID(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
