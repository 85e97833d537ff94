package sqlite_test

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/domain"
)

// Not parallel, because the goroutines of other tests would look like leaks.
func TestClose_LeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	repo, err := sqlite.Open(t.Context(), newFile(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(repo.Migrate(t.Context()), repo.Close(), repo.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Find(context.Background(), "sk_live_0000000000000000"); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Find on a closed store gives %v, want ErrUnavailable", err)
	}
	goleak.VerifyNone(t, before)
}
