package sqlkit

import (
	"context"
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

var anyKey = domain.Rehydrate(domain.Snapshot{ID: "sk_live_0000000000000001"})

func TestChange_IsNotMadeOnceTheCallerHasGone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := NewChange(func(*domain.APIKey) (domain.Event, error) {
		t.Error("the change is made")
		return domain.Event{}, nil
	})
	asked := make(chan error)
	err := c.Write(ctx, func() error {
		cancel()
		<-c.gone
		_, err := c.Of(t.Context(), anyKey)
		asked <- err
		return err
	})
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Write gives %v, want ErrUnavailable", err)
	}
	if err := <-asked; !errors.Is(err, ErrNothingToWrite) {
		t.Errorf("Of gives %v, want ErrNothingToWrite", err)
	}
}

func TestChange_IsAwaitedUntilTheTransactionMustEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	held := make(chan struct{})
	c := NewChange(func(*domain.APIKey) (domain.Event, error) {
		cancel()
		<-held
		return domain.Event{ID: "evt"}, nil
	})
	failed := errors.New("failed")
	err := c.Write(t.Context(), func() error {
		defer close(held)
		if _, err := c.Of(ctx, anyKey); !errors.Is(err, context.Canceled) {
			t.Errorf("Of gives %v, want the end of its context", err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("Write gives %v, want what was written", err)
	}
}

func TestChange_TheLastCallCounts(t *testing.T) {
	t.Parallel()
	refusals := []error{errors.New("the first"), nil}
	c := NewChange(func(*domain.APIKey) (domain.Event, error) {
		err := refusals[0]
		refusals = refusals[1:]
		return domain.Event{ID: "evt"}, err
	})
	err := c.Write(t.Context(), func() error {
		if _, err := c.Of(t.Context(), anyKey); !errors.Is(err, ErrNothingToWrite) {
			t.Errorf("Of a refusal gives %v, want ErrNothingToWrite", err)
		}
		_, err := c.Of(t.Context(), anyKey)
		return err
	})
	if err != nil {
		t.Errorf("Write gives %v", err)
	}
}

func TestChange_ContainsAPanicOfTheWrite(t *testing.T) {
	t.Parallel()
	c := NewChange(func(*domain.APIKey) (domain.Event, error) { return domain.Event{}, nil })
	err := c.Write(t.Context(), func() error {
		var rows []int
		return errors.New(string(rune(rows[0])))
	})
	if !errors.Is(err, domain.ErrPanicked) || errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Write() = %v, want ErrPanicked", err)
	}
}
