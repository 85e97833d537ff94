package application

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Intervals of comparing peppers.
const (
	peppersTimeout  = 2 * time.Second
	peppersInterval = 10 * time.Minute
	// firstPeppersRetry and lastPeppersRetry bound the wait after a failure,
	// which doubles each time.
	firstPeppersRetry = time.Second
	lastPeppersRetry  = time.Minute
)

// Peppers compares the configured peppers with those that the store was used with
// before. A pepper that differs makes every key under it NOT_FOUND, while the service
// otherwise looks healthy. It is safe for concurrent use.
type Peppers struct {
	keeper     ports.PepperKeeper
	configured []domain.PepperCheck
	logger     *slog.Logger

	mu         sync.Mutex
	mismatched map[string]bool // by the identifier of the pepper, as last compared
}

// NewPeppers returns the use case for the configured peppers.
func NewPeppers(keeper ports.PepperKeeper, configured []domain.PepperCheck, logger *slog.Logger) *Peppers {
	return &Peppers{keeper: keeper, configured: configured, logger: logger, mismatched: map[string]bool{}}
}

// Mismatches returns how many of the configured peppers are not the ones that
// the store was used with.
func (p *Peppers) Mismatches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for _, mismatched := range p.mismatched {
		if mismatched {
			count++
		}
	}
	return count
}

// Run compares the peppers at once and then every 10 minutes, sooner after a
// failure, until ctx ends.
func (p *Peppers) Run(ctx context.Context) {
	retry, logged := firstPeppersRetry, ""
	for {
		wait := peppersInterval
		if err := p.Compare(ctx); err == nil {
			retry, logged = firstPeppersRetry, ""
		} else {
			wait, retry = retry, min(2*retry, lastPeppersRetry)
			if text := err.Error(); text != logged && ctx.Err() == nil {
				p.logger.Warn("cannot compare peppers with the store, retrying", "error", err)
				logged = text
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// Compare compares each configured pepper with the store, which records those that it
// has not seen before. It logs a pepper that does not match, once, and returns an error
// if it could not compare all of them.
func (p *Peppers) Compare(ctx context.Context) error {
	var errs []error
	for _, check := range p.configured {
		stored, err := p.keep(ctx, check)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.note(check.PepperID, stored != check)
	}
	return errors.Join(errs...)
}

func (p *Peppers) keep(ctx context.Context, check domain.PepperCheck) (stored domain.PepperCheck, err error) {
	ctx, cancel := context.WithTimeout(ctx, peppersTimeout)
	defer cancel()
	err = Contained("comparing peppers", func() (err error) {
		stored, err = p.keeper.KeepPepper(ctx, check)
		return err
	})
	return stored, err
}

// note records whether a pepper matches, and logs a change.
func (p *Peppers) note(id string, mismatched bool) {
	p.mu.Lock()
	before := p.mismatched[id]
	p.mismatched[id] = mismatched
	p.mu.Unlock()
	switch {
	case mismatched && !before:
		p.logger.Error("pepper is not the one that was used under its id before; keys hashed with that one are NOT_FOUND", "pepper", id)
	case before && !mismatched:
		p.logger.Info("pepper fits again", "pepper", id)
	}
}
