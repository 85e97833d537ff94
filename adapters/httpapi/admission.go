package httpapi

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/slaunchx/apikeys/domain"
)

// Admission bounds how many management requests are at work behind the API at
// once. Without it they would wait for the store in a queue of any length, and
// under an overload most of what is done would be done too late. It is safe
// for concurrent use.
type Admission struct {
	free    *semaphore.Weighted
	refused atomic.Uint64
}

// NewAdmission returns one for that many requests.
func NewAdmission(most int) *Admission {
	return &Admission{free: semaphore.NewWeighted(int64(most))}
}

// Refused returns how many requests found no room.
func (a *Admission) Refused() uint64 { return a.refused.Load() }

var errBusy = fmt.Errorf("too many management requests are under way: %w", domain.ErrUnavailable)

// enter takes a place, which leave gives back, or says that there is none.
func (a *Admission) enter() error {
	if a.free.TryAcquire(1) {
		return nil
	}
	a.refused.Add(1)
	return errBusy
}

func (a *Admission) leave() { a.free.Release(1) }

// look says whether there is a place now. It is for before a request costs
// anything, the check of its token above all.
func (a *Admission) look() error {
	err := a.enter()
	if err == nil {
		a.leave()
	}
	return err
}

// carryOut runs a use case in a place behind the API, with the deadline for one
// step there. Neither the body belongs into it, nor the answer: a client that
// is slow to send the one, or to take the other, would keep the place.
func carryOut[T any](x *exchange, useCase func(context.Context) (T, error)) (outcome T, err error) {
	if err := x.api.Admission.enter(); err != nil {
		return outcome, err
	}
	defer x.api.Admission.leave()
	ctx, cancel := x.bounded()
	defer cancel()
	return useCase(ctx)
}

// change carries out a use case that tells nothing but whether it was.
func (x *exchange) change(useCase func(context.Context) error) error {
	_, err := carryOut(x, func(ctx context.Context) (struct{}, error) { return struct{}{}, useCase(ctx) })
	return err
}
