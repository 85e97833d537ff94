package httpapi

import (
	"sync"
	"testing"
)

func TestConcurrency_CheckTakesNoPlace(t *testing.T) {
	t.Parallel()
	a := NewConcurrency(1)
	var looking sync.WaitGroup
	for range 8 {
		looking.Go(func() {
			for range 10_000 {
				if err := a.check(); err != nil {
					t.Errorf("with the one place free: %v", err)
					return
				}
			}
		})
	}
	looking.Wait()

	if err := a.acquire(); err != nil {
		t.Fatal(err)
	}
	if a.check() == nil || a.acquire() == nil {
		t.Error("the one place is taken, and there is room")
	}
	a.release()
	if err := a.check(); err != nil {
		t.Errorf("with the one place given back: %v", err)
	}
	if n := a.Refused(); n != 2 {
		t.Errorf("%d were refused, want 2", n)
	}
}
