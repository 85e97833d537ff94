package keycache

import (
	"testing"
	"time"
)

func TestAge_isTheLargerOfBothClocks(t *testing.T) {
	t.Parallel()
	var tr trust
	since := time.Now()
	tr.confirm(since)
	if got := tr.last.Load().age(since.Add(time.Minute)); got != time.Minute {
		t.Errorf("both advance: %v", got)
	}
	// A reading without the monotonic part stands for a machine that was
	// suspended: only the wall clock moved.
	if got := tr.last.Load().age(since.Add(time.Hour).Round(0)); got != time.Hour {
		t.Errorf("the monotonic clock stood still: %v", got)
	}
}
