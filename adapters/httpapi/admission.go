package httpapi

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/slaunchx/apikeys/domain"
)

// Admission bounds how many management requests are at work behind the API at
// once. Without it they would wait for the store in a queue of any length, and
// under an overload most of what is done would be done too late. It is safe
// for concurrent use.
type Admission struct {
	taken   chan struct{} // has one for each place that is taken
	refused atomic.Uint64
}

// NewAdmission returns one for that many requests.
func NewAdmission(most int) *Admission {
	return &Admission{taken: make(chan struct{}, most)}
}

// Refused returns how many requests found no room.
func (a *Admission) Refused() uint64 { return a.refused.Load() }

var errBusy = fmt.Errorf("too many management requests are under way: %w", domain.ErrUnavailable)

// enter takes a place, which leave gives back, or says that there is none.
func (a *Admission) enter() error {
	select {
	case a.taken <- struct{}{}:
		return nil
	default:
		return a.refuse()
	}
}

func (a *Admission) leave() { <-a.taken }

// look says whether there is a place now. It is for before a request costs
// anything, the check of its token above all.
func (a *Admission) look() error {
	if len(a.taken) < cap(a.taken) {
		return nil
	}
	return a.refuse()
}

func (a *Admission) refuse() error {
	a.refused.Add(1)
	return errBusy
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
