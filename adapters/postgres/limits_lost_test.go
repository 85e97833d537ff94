package postgres_test

import (
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// A share that is given back twice could be spent twice.
func TestGiveBack_IsNotRepeatedWhenItsResponseIsLost(t *testing.T) {
	t.Parallel()
	line := newLine(t, migrated(t))
	repo := openDSN(t, line.dsn)
	limits, faults := domain.ParseRateLimits([]domain.RateLimitSpec{{Name: "default", Limit: 100, WindowSeconds: 86_400}})
	if faults != nil {
		t.Fatal(faults)
	}
	bucket := ports.Bucket{KeyID: createOne(t, repo), Name: limits[0].Name, Window: limits[0].Window}
	lease := ports.LeaseRequest{Bucket: bucket, Max: 100, Want: 40, Need: 40}
	granted, err := repo.Lease(t.Context(), lease)
	if err != nil || granted.Granted != 40 {
		t.Fatalf("Lease grants %d and gives %v", granted.Granted, err)
	}
	giveBack := func(amount int64) error {
		return repo.GiveBack(t.Context(), []ports.Share{{Bucket: bucket, Start: granted.Start, Amount: amount}})
	}
	if err := giveBack(1); err != nil { // prepares the statement
		t.Fatal(err)
	}
	for answer := int64(1); ; answer++ {
		line.cutAt.Store(answer)
		err := giveBack(2)
		if line.cutAt.Swap(0) > 0 {
			break // all answers of one call have been lost
		}
		if err != nil && !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("cut at answer %d GiveBack gives %v, want ErrUnavailable", answer, err)
		}
		lease.Want, lease.Need = 0, 0
		left, err := repo.Lease(t.Context(), lease)
		if err != nil {
			t.Fatal(err)
		}
		if most := 1 + 2*answer; left.Returned > most {
			t.Errorf("cut at answer %d, %d are returned after %d were given back", answer, left.Returned, most)
		}
	}
}
